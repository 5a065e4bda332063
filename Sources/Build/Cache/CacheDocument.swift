package import OCI

/// A cache as an image of its own: a manifest whose config lists records and whose layers are the layers the records
/// name. Base images are no part of it: who uses the records has them.
///
/// The config, `application/vnd.caisson.cache.config.v1+json`:
///
///     {"version": 1, "layers": ["<diffID>", …], "records": [{"keys": ["<hex>", …], "chain": [0, …], …}, …]}
///
/// `layers` are all that chains name; those that the cache brings are also layers of the manifest, each with its diffID
/// as an annotation.
package struct CacheDocument: Sendable {
    package static let configType = MediaType("application/vnd.caisson.cache.config.v1+json")
    package static let diffIDAnnotation = "org.caisson.layer.diff-id"
    /// What compressed a layer, if that was what compresses the layers of images: then it is the blob of an image too.
    package static let encoderAnnotation = "org.caisson.layer.encoder"
    /// Bytes of a config that is read.
    package static let configLimit = 64 << 20

    private static let recordLimit = 100_000
    private static let chainLimit = 1000

    /// A result under the keys that find it.
    package struct Record: Hashable, Sendable {
        package let keys: [CacheKey]
        package let chain: LayerChain
        package let title: String
        package let created: Int64
        package let milliseconds: Int64

        package init(keys: [CacheKey], record: CacheRecord) {
            self.init(
                keys: keys, chain: record.chain, title: record.title, created: record.created,
                milliseconds: record.milliseconds)
        }

        fileprivate init(
            keys: [CacheKey], chain: LayerChain, title: String, created: Int64, milliseconds: Int64
        ) {
            self.keys = keys
            self.chain = chain
            self.title = title
            self.created = created
            self.milliseconds = milliseconds
        }
    }

    package var records: [Record]
    /// The layers that the cache brings, in their compressed form.
    package var layers: [DiffID: Descriptor]

    package init(records: [Record] = [], layers: [DiffID: Descriptor] = [:]) {
        self.records = records
        self.layers = layers
    }

    // MARK: Writing

    package var configBytes: [UInt8] {
        var places: [DiffID: Int] = [:]
        var names: [JSON] = []
        for layer in records.flatMap(\.chain.layers) where places[layer] == nil {
            places[layer] = names.count
            names.append(.string(layer.description))
        }
        let json: JSON = [
            "version": 1, "layers": .array(names),
            "records": .array(
                records.map { record in
                    [
                        "keys": .array(record.keys.map { .string($0.description) }),
                        "chain": .array(record.chain.layers.map { .integer(Int64(places[$0] ?? 0)) }),
                        "title": .string(record.title), "created": .integer(record.created),
                        "milliseconds": .integer(record.milliseconds),
                    ]
                }),
        ]
        return json.canonicalBytes
    }

    package func manifest(config: Descriptor) -> RawManifest {
        let descriptors = layers.sorted { $0.key < $1.key }.map { layer, descriptor in
            var descriptor = descriptor
            descriptor.annotations[Self.diffIDAnnotation] = layer.description
            return descriptor
        }
        return RawManifest(
            bytes: ImageManifest(config: config, layers: descriptors).canonicalBytes, mediaType: .ociManifest)
    }

    // MARK: Reading

    /// What strangers may have written: everything is checked but that layers are what records say, which shows when
    /// they come.
    package init(manifest: ImageManifest, config bytes: [UInt8]) throws(OCIError) {
        guard manifest.config.mediaType == Self.configType else {
            throw OCIError(.unsupportedMediaType, "it is no cache: its config is `\(manifest.config.mediaType)`")
        }
        let json = try JSON(parsing: bytes)
        guard json["version"]?.integerValue == 1, let names = json["layers"]?.arrayValue,
            let records = json["records"]?.arrayValue
        else { throw OCIError(.invalidDocument, "cache config has no version 1, no layers or no records") }
        guard records.count <= Self.recordLimit else {
            throw OCIError(.invalidDocument, "cache config has more than \(Self.recordLimit) records")
        }
        var layers: [DiffID] = []
        for name in names { layers.append(DiffID(try Digest(parsing: name.stringValue ?? ""))) }
        self.init()
        for record in records { self.records.append(try Record(record, layers)) }
        for descriptor in manifest.layers {
            guard let name = descriptor.annotations[Self.diffIDAnnotation],
                descriptor.mediaType.layerCompression != nil
            else { throw OCIError(.invalidDocument, "cache has a layer without diffID or of an unknown type") }
            var plain = descriptor
            plain.annotations = descriptor.annotations.filter { $0.key == Self.encoderAnnotation }
            self.layers[DiffID(try Digest(parsing: name))] = plain
        }
    }

    fileprivate static func chain(_ json: JSON?, _ layers: [DiffID]) throws(OCIError) -> LayerChain {
        guard let places = json?.arrayValue, !places.isEmpty, places.count <= chainLimit else {
            throw OCIError(.invalidDocument, "cache record has no chain, or one too long")
        }
        var chain: [DiffID] = []
        for place in places {
            guard let place = place.integerValue, layers.indices.contains(Int(clamping: place)) else {
                throw OCIError(.invalidDocument, "cache record names a layer that is not listed")
            }
            chain.append(layers[Int(place)])
        }
        return LayerChain(chain)
    }
}

extension CacheDocument.Record {
    fileprivate init(_ json: JSON, _ layers: [DiffID]) throws(OCIError) {
        var keys: [CacheKey] = []
        for key in json["keys"]?.arrayValue ?? [] {
            guard let digest = key.stringValue.flatMap({ Digest(hex: $0) }) else {
                throw OCIError(.invalidDocument, "cache record has a key that is none")
            }
            keys.append(CacheKey(digest: digest))
        }
        self.init(
            keys: keys, chain: try CacheDocument.chain(json["chain"], layers), title: json["title"]?.stringValue ?? "",
            created: json["created"]?.integerValue ?? 0, milliseconds: json["milliseconds"]?.integerValue ?? 0)
    }
}
