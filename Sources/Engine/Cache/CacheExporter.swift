import Build
import OCI
import Registry
import Storage
import SystemPackage

/// Leaves a build's results where other stores find them.
struct CacheExporter {
    let store: Store
    let library: ImageLibrary
    let registry: RegistryClient
    /// Layers of base images are no part of a cache; what else is not here came from another cache.
    let bases: LayerOrigins
    let imports: LayerOrigins

    /// What compresses the layers of images.
    static let imageEncoder = "\(LayerCompression.gzip.encoder) \(LayerCompression.gzip.defaultLevel)"

    /// Blobs that the place has are not sent again. A layout keeps nothing that no name leads to.
    func export(
        _ records: [CacheDocument.Record], to place: CachePlace, _ compression: CacheExport.Compression
    ) async throws {
        var document = CacheDocument(records: records)
        switch place {
        case .registry(let reference):
            let tag = reference.tag ?? "latest"
            try await send(&document, to: registry, reference.repository, tag: tag, compression)
        case .local(let path, let tag):
            let layout = try await OCILayout.create(path)
            try await send(&document, to: layout, .ofLayouts, tag: tag, compression)
            try await layout.removeUnlisted()
        }
    }

    private func send(
        _ document: inout CacheDocument, to destination: any ImageDestination, _ repository: RepositoryName,
        tag: String, _ compression: CacheExport.Compression
    ) async throws {
        for layer in Set(document.records.flatMap(\.chain.layers)).sorted() where bases[layer] == nil {
            document.layers[layer] = try await send(layer, to: destination, repository, compression)
        }
        let config = Descriptor(of: document.configBytes, mediaType: CacheDocument.configType)
        if try await !destination.contains(config, in: repository) {
            try await destination.put(config, .bytes(document.configBytes), in: repository)
        }
        try await destination.put(document.manifest(config: config), tag: tag, in: repository)
    }

    private func send(
        _ layer: DiffID, to destination: any ImageDestination, _ repository: RepositoryName,
        _ compression: CacheExport.Compression
    ) async throws -> Descriptor {
        // One that came from a cache and was never needed goes on as it is, if it has to.
        if !compression.isForced, let origin = imports[layer] {
            if try await destination.contains(origin.descriptor, in: repository) { return origin.descriptor }
            if origin.source is RegistryClient,
                try await destination.mount(origin.descriptor, from: origin.repository, in: repository)
            {
                return origin.descriptor
            }
        }
        try await library.fetch(LayerChain([layer]), origins: imports) { _ in }
        var blob = try await blob(of: layer, compression)
        if try store.layers.knownBlob(of: layer, as: .gzip)?.digest == blob.digest {
            blob.annotations[CacheDocument.encoderAnnotation] = Self.imageEncoder
        }
        if try await !destination.contains(blob, in: repository) {
            try await destination.put(blob, .file(path: store.blobs.path(of: blob.digest).string), in: repository)
        }
        return blob
    }

    /// As it came, if it did; so that a layer has one blob wherever it goes.
    private func blob(of layer: DiffID, _ compression: CacheExport.Compression) async throws -> Descriptor {
        if !compression.isForced, let origin = try store.layers.origin(of: layer), try store.blobs.claim(origin.digest),
            let compression = origin.mediaType.layerCompression
        {
            return Descriptor(mediaType: compression.ociMediaType, digest: origin.digest, size: origin.size)
        }
        return try await store.layers.compressed(layer, as: compression.method, level: compression.level)
    }
}
