/// An image manifest: OCI's, or Docker's schema 2, which has the same members (image-spec 1.1, manifest.md).
package struct ImageManifest: Hashable, Sendable {
    package var mediaType: MediaType
    package var config: Descriptor
    /// Lowest first.
    package var layers: [Descriptor]
    package var annotations: [String: String]
    package var subject: Descriptor?
    package var artifactType: String?

    package init(
        mediaType: MediaType = .ociManifest, config: Descriptor, layers: [Descriptor],
        annotations: [String: String] = [:], subject: Descriptor? = nil, artifactType: String? = nil
    ) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.annotations = annotations
        self.subject = subject
        self.artifactType = artifactType
    }

    /// Reads the manifest that `bytes` hold; `mediaType` is what it was served as and must not contradict it.
    package init(parsing bytes: [UInt8], servedAs mediaType: MediaType? = nil) throws(OCIError) {
        let json = try ImageDocument.parse(bytes, servedAs: mediaType)
        guard json.mediaType.isManifest else {
            throw OCIError(.unsupportedMediaType, "`\(json.mediaType)` is not an image manifest")
        }
        guard let config = json.value["config"], let layers = json.value["layers"]?.arrayValue else {
            throw OCIError(.invalidDocument, "image manifest has no config or no layers")
        }
        var descriptors: [Descriptor] = []
        for layer in layers { descriptors.append(try Descriptor(json: layer)) }
        self.init(
            mediaType: json.mediaType, config: try Descriptor(json: config), layers: descriptors,
            annotations: Descriptor.strings(json.value["annotations"]), subject: try json.subject(),
            artifactType: json.value["artifactType"]?.stringValue)
    }

    package var json: JSON {
        [
            "schemaVersion": 2, "mediaType": .string(mediaType.rawValue),
            "artifactType": artifactType.map(JSON.string), "config": config.json,
            "layers": .array(layers.map(\.json)), "subject": subject?.json,
            "annotations": annotations.isEmpty ? nil : .object(JSONObject(annotations)),
        ]
    }

    package var canonicalBytes: [UInt8] { json.canonicalBytes }
}

/// An image index: OCI's, or Docker's manifest list (image-spec 1.1, image-index.md).
package struct ImageIndex: Hashable, Sendable {
    package var mediaType: MediaType
    package var manifests: [Descriptor]
    package var annotations: [String: String]
    package var subject: Descriptor?

    package init(
        mediaType: MediaType = .ociIndex, manifests: [Descriptor], annotations: [String: String] = [:],
        subject: Descriptor? = nil
    ) {
        self.mediaType = mediaType
        self.manifests = manifests
        self.annotations = annotations
        self.subject = subject
    }

    package init(parsing bytes: [UInt8], servedAs mediaType: MediaType? = nil) throws(OCIError) {
        let json = try ImageDocument.parse(bytes, servedAs: mediaType)
        guard json.mediaType.isIndex, let manifests = json.value["manifests"]?.arrayValue else {
            throw OCIError(.unsupportedMediaType, "`\(json.mediaType)` is not an image index")
        }
        var descriptors: [Descriptor] = []
        for manifest in manifests { descriptors.append(try Descriptor(json: manifest)) }
        self.init(
            mediaType: json.mediaType, manifests: descriptors,
            annotations: Descriptor.strings(json.value["annotations"]), subject: try json.subject())
    }

    package var json: JSON {
        [
            "schemaVersion": 2, "mediaType": .string(mediaType.rawValue),
            "manifests": .array(manifests.map(\.json)), "subject": subject?.json,
            "annotations": annotations.isEmpty ? nil : .object(JSONObject(annotations)),
        ]
    }

    package var canonicalBytes: [UInt8] { json.canonicalBytes }

    /// The first image manifest for `platform`; one of the same CPU without a variant serves where no exact one exists.
    package func manifest(for platform: Platform) throws(OCIError) -> Descriptor {
        let images = manifests.filter { $0.mediaType.isManifest }
        let exact = images.first { candidate in
            guard let offered = candidate.platform else { return false }
            return offered.os == platform.os && offered.architecture == platform.architecture
                && offered.variant == platform.variant
        }
        let near = images.first { candidate in
            guard let offered = candidate.platform else { return false }
            return offered.os == platform.os && offered.architecture == platform.architecture
                && (offered.variant == nil || platform.variant == nil)
        }
        if let match = exact ?? near { return match }
        if images.count == 1, images[0].platform == nil { return images[0] }
        // BuildKit lists attestations as images of the platform unknown/unknown.
        let offered = images.compactMap(\.platform).filter { $0.os != "unknown" }.map(\.description).joined(
            separator: ", ")
        throw OCIError(.noMatchingPlatform, "no manifest for `\(platform)`, the index offers: \(offered)")
    }
}

/// What manifests and indexes have in common when they are read.
enum ImageDocument {
    struct Parsed {
        let value: JSON
        let mediaType: MediaType

        func subject() throws(OCIError) -> Descriptor? {
            guard let subject = value["subject"] else { return nil }
            return try Descriptor(json: subject)
        }
    }

    static func parse(_ bytes: [UInt8], servedAs: MediaType?) throws(OCIError) -> Parsed {
        let value = try JSON(parsing: bytes)
        let stated = value["mediaType"]?.stringValue.map { MediaType($0) }
        if value["schemaVersion"]?.integerValue == 1 || (stated ?? servedAs)?.isDockerSchema1 == true {
            throw OCIError(
                .unsupportedMediaType,
                "image has Docker's manifest schema 1, which carries no verifiable config; "
                    + "push it again with a current tool to convert it")
        }
        guard value["schemaVersion"]?.integerValue == 2 else {
            throw OCIError(.invalidDocument, "manifest has no schemaVersion 2")
        }
        // A document that is a manifest in one reader and an index in another is an attack (CVE-2021-41190).
        if value["manifests"] != nil, value["config"] != nil || value["layers"] != nil {
            throw OCIError(.invalidDocument, "document is both an image manifest and an image index")
        }
        if let stated, let servedAs, stated != servedAs, servedAs.isManifest || servedAs.isIndex {
            throw OCIError(.invalidDocument, "manifest says it is `\(stated)` but was served as `\(servedAs)`")
        }
        let mediaType = stated ?? servedAs ?? (value["manifests"] != nil ? .ociIndex : .ociManifest)
        guard mediaType.isManifest || mediaType.isIndex else {
            throw OCIError(.unsupportedMediaType, "`\(mediaType)` is neither an image manifest nor an image index")
        }
        return Parsed(value: value, mediaType: mediaType)
    }
}
