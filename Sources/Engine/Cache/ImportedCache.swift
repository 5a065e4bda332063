import Build
import OCI
import Registry
import SystemPackage

/// What other stores have left for this build: records, and where their layers can be had. Layers come when a step needs
/// them.
struct ImportedCache: Sendable {
    private(set) var records: [CacheKey: CacheRecord] = [:]
    private(set) var origins = LayerOrigins()
    private var places: [DiffID: CachePlace] = [:]

    /// What `place` has, on top of what is known.
    mutating func add(_ place: CachePlace, registry: RegistryClient) async throws {
        do { try await read(place, registry) } catch let error as OCIError where error.code == .notFound {
            // In a layout the manifest may have made way for a newer one since its name was looked up.
            try await read(place, registry)
        }
    }

    private mutating func read(_ place: CachePlace, _ registry: RegistryClient) async throws {
        let source: any ImageSource
        let reference: ImageReference
        switch place {
        case .registry(let name):
            source = registry
            reference = name
        case .local(let path, let tag):
            source = try await OCILayout.open(path)
            reference = ImageReference(repository: .ofLayouts, tag: tag)
        }
        let raw = try await source.manifest(try await source.resolve(reference), in: reference.repository)
        let manifest = try ImageManifest(parsing: raw.bytes, servedAs: raw.descriptor.mediaType)
        let stream = try await source.blob(manifest.config, in: reference.repository, from: 0)
        let config = try await stream.collect(upTo: CacheDocument.configLimit)
        guard Digest.of(config) == manifest.config.digest else {
            throw OCIError(.contentMismatch, "its config has the digest `\(Digest.of(config))`")
        }
        let document = try CacheDocument(manifest: manifest, config: config)
        for record in document.records {
            for key in record.keys where records[key] == nil {
                records[key] = CacheRecord(imported: record, key: key)
            }
        }
        for (layer, descriptor) in document.layers where origins[layer] == nil {
            places[layer] = place
            origins.add(layer, descriptor, in: reference.repository, of: source)
        }
    }
}

extension ImportedCache {
    /// Goes without the layer, so that its step runs; without all of a place that does not answer. The place is where the
    /// layer was to come from, nil if that was not known here.
    mutating func drop(_ loss: LostLayer) -> CachePlace? {
        guard let place = places.removeValue(forKey: loss.layer) else { return nil }
        origins.remove(loss.layer)
        if (loss.cause as? RegistryError)?.code == .unavailable {
            for (layer, other) in places where other == place {
                places[layer] = nil
                origins.remove(layer)
            }
        }
        return place
    }
}

/// The store's records first, then those from elsewhere, which are for this build alone.
struct CombinedRecords: CacheRecords {
    let stored: StoredRecords
    let imported: ImportedCache

    func record(for key: CacheKey) async -> CacheRecord? {
        if let record = await stored.record(for: key) { return record }
        guard let record = imported.records[key], stored.canProvide(record.chain) else { return nil }
        return record
    }

    func save(_ record: CacheRecord, for keys: [CacheKey]) async throws {
        if !record.isImported { try await stored.save(record, for: keys) }
    }

    func mayHold(resultsFor platform: Platform) async -> Bool {
        if imported.records.isEmpty { return await stored.mayHold(resultsFor: platform) }
        return true
    }

    func turn(for key: CacheKey, waiting: @Sendable () -> Void) async throws -> any Sendable {
        try await stored.turn(for: key, waiting: waiting)
    }
}

extension RepositoryName {
    /// In a layout blobs belong to no repository.
    static var ofLayouts: RepositoryName { RepositoryName(registry: "localhost", path: "cache") }
}
