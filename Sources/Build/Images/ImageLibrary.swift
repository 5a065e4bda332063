package import OCI
package import Storage

/// Images as builds use them: found by reference, their documents kept in the store, their layers fetched when a step
/// needs them and kept once, whoever asked.
package actor ImageLibrary: BaseImageResolver {
    private static let documentLimit = 8 << 20

    private let store: Store
    private let source: any ImageSource
    private let fetches = SharedWork<DiffID, DiffID, Transfer>()
    private let documents = SharedWork<Digest, Digest, Never>()

    package init(store: Store, source: any ImageSource) {
        self.store = store
        self.source = source
    }

    // MARK: Documents

    /// The image that `reference` names now. A name that only this store knows (built here and not pushed) is taken
    /// from it; any other is asked of its registry, unless a digest pins it and it is here.
    package func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage {
        let root: Descriptor
        if let digest = reference.digest, let known = try? manifest(digest) {
            root = known.descriptor
        } else if let local = try store.references.get(LocalName.built(reference)) {
            root = local
        } else {
            root = try await source.resolve(reference)
        }
        return try await image(root, reference: reference, platform: platform)
    }

    private func manifest(_ digest: Digest) throws -> RawManifest {
        let bytes = try store.blobs.read(digest, limit: Self.documentLimit)
        let mediaType: MediaType =
            try (try? ImageIndex(parsing: bytes).mediaType) ?? ImageManifest(parsing: bytes).mediaType
        return RawManifest(bytes: bytes, mediaType: mediaType)
    }

    private func image(_ root: Descriptor, reference: ImageReference, platform: Platform) async throws -> BaseImage {
        var raw = try await manifest(root, of: reference)
        if raw.descriptor.mediaType.isIndex {
            let index = try ImageIndex(parsing: raw.bytes, servedAs: raw.descriptor.mediaType)
            raw = try await manifest(try index.manifest(for: platform), of: reference)
        }
        let manifest = try ImageManifest(parsing: raw.bytes, servedAs: raw.descriptor.mediaType)
        let config = try ImageConfig(parsing: try await document(manifest.config, of: reference))
        guard config.diffIDs.count == manifest.layers.count else {
            throw OCIError(
                .invalidDocument,
                "image `\(reference)` has \(manifest.layers.count) layers but its config lists \(config.diffIDs.count)")
        }
        if let foreign = manifest.layers.first(where: { $0.mediaType.layerCompression == nil }) {
            throw OCIError(.unsupportedMediaType, "image `\(reference)` has a layer of the type `\(foreign.mediaType)`")
        }
        return BaseImage(reference: reference, manifest: raw.descriptor, config: config, layers: manifest.layers)
    }

    private func manifest(_ descriptor: Descriptor, of reference: ImageReference) async throws -> RawManifest {
        if store.blobs.contains(descriptor.digest),
            let bytes = try? store.blobs.read(descriptor.digest, limit: Self.documentLimit)
        {
            try store.blobs.noteUse(of: descriptor.digest)
            return RawManifest(descriptor: descriptor, bytes: bytes)
        }
        let raw = try await source.manifest(descriptor, in: reference.repository)
        try store.blobs.put(raw.bytes)
        return raw
    }

    private func document(_ descriptor: Descriptor, of reference: ImageReference) async throws -> [UInt8] {
        if store.blobs.contains(descriptor.digest),
            let bytes = try? store.blobs.read(descriptor.digest, limit: Self.documentLimit)
        {
            try store.blobs.noteUse(of: descriptor.digest)
            return bytes
        }
        let stream = try await source.blob(descriptor, in: reference.repository, from: 0)
        let bytes = try await stream.collect(upTo: Self.documentLimit)
        guard Digest.of(bytes) == descriptor.digest else {
            throw OCIError(
                .contentMismatch,
                "config of `\(reference)` has the digest `\(Digest.of(bytes))`, not `\(descriptor.digest)`")
        }
        try store.blobs.put(bytes)
        return bytes
    }

    // MARK: Layers

    /// Brings the layers of `chain` that are missing here, side by side, each verified while it arrives. Throws
    /// `LostLayer` for one of a cache.
    package func fetch(_ chain: LayerChain, origins: LayerOrigins, report: @escaping @Sendable (Transfer) -> Void)
        async throws
    {
        let missing = try store.layers.claim(chain.layers)
        if missing.isEmpty { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for layer in missing {
                guard let origin = origins[layer] else {
                    throw StorageError(
                        .notFound, "layer `\(layer)` is neither in the store nor in a registry this build knows")
                }
                group.addTask {
                    do { try await self.fetch(layer, from: origin, report: report) } catch {
                        // Only caches have sources of their own.
                        throw origin.source == nil ? error : LostLayer(layer, error) ?? error
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func fetch(
        _ layer: DiffID, from origin: LayerOrigins.Origin, report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        _ = try await fetches.value(for: layer, receive: report) { [store, source] emit in
            if try store.layers.claim(layer) { return layer }
            let descriptor = origin.descriptor
            let name = "\(origin.repository) \(descriptor.digest.short)"
            let stream =
                try store.blobs.claim(descriptor.digest)
                ? try store.blobs.stream(descriptor.digest)
                : try await (origin.source ?? source).blob(descriptor, in: origin.repository, from: 0)
            let progress = TransferProgress(.pull, name: name, total: descriptor.size, emit: emit)
            _ = try await store.layers.ingest(progress.counting(stream), descriptor: descriptor, expecting: layer)
            progress.finish()
            return layer
        }
    }

    /// Makes sure that the blob of an image's layer lies in the store: fetched for a layer of the base, made again for
    /// one of our own whose blob was taken to make room.
    func provideBlob(of layer: BuiltImage.Layer) async throws {
        if let origin = layer.origin { return try await fetchBlob(layer.descriptor, from: origin) }
        if try store.blobs.claim(layer.descriptor.digest) { return }
        guard let compression = layer.descriptor.mediaType.layerCompression,
            try await store.layers.compressed(layer.diffID, as: compression, level: level(of: layer, as: compression))
                .digest == layer.descriptor.digest
        else {
            throw StorageError(
                .notFound, "blob `\(layer.descriptor.digest)` is gone, and its layer is no longer made into the same")
        }
    }

    /// The level whose blob it is, if one is known to be.
    private func level(of layer: BuiltImage.Layer, as compression: LayerCompression) throws -> Int? {
        try compression.levels.first { level in
            try store.layers.knownBlob(of: layer.diffID, as: compression, level: level)?.digest
                == layer.descriptor.digest
        }
    }

    /// Makes sure that a blob lies in the store in its compressed form, as its registry has it.
    package func fetchBlob(_ descriptor: Descriptor, from repository: RepositoryName) async throws {
        if try store.blobs.claim(descriptor.digest) { return }
        _ = try await documents.value(for: descriptor.digest, receive: { _ in }) { [store, source] _ in
            let stream = try await source.blob(descriptor, in: repository, from: 0)
            try await store.blobs.ingest(stream, expecting: descriptor)
            return descriptor.digest
        }
    }
}

/// Where layers that are not in the store can be had: the base images of a build.
package struct LayerOrigins: Sendable {
    package struct Origin: Sendable {
        package let descriptor: Descriptor
        package let repository: RepositoryName
        /// nil for the registries.
        package var source: (any ImageSource)?
    }

    private var origins: [DiffID: Origin] = [:]

    package init(of images: some Sequence<BaseImage>) {
        for image in images {
            for (layer, descriptor) in zip(image.config.diffIDs, image.layers) {
                origins[layer] = Origin(descriptor: descriptor, repository: image.reference.repository)
            }
        }
    }

    /// The layers of an image that came with its base.
    package init(of image: BuiltImage) {
        for layer in image.layers {
            if let repository = layer.origin {
                origins[layer.diffID] = Origin(descriptor: layer.descriptor, repository: repository)
            }
        }
    }

    package init() { origins = [:] }

    package subscript(layer: DiffID) -> Origin? { origins[layer] }

    /// Adds a layer that nobody else has.
    package mutating func add(
        _ layer: DiffID, _ descriptor: Descriptor, in repository: RepositoryName, of source: any ImageSource
    ) {
        if origins[layer] == nil {
            origins[layer] = Origin(descriptor: descriptor, repository: repository, source: source)
        }
    }

    package mutating func remove(_ layer: DiffID) { origins[layer] = nil }

    package func merging(_ other: LayerOrigins) -> LayerOrigins {
        var result = self
        result.origins.merge(other.origins) { own, _ in own }
        return result
    }
}

/// How images are named in the store.
package enum LocalName {
    /// Built here; the newest image of that name may exist nowhere else.
    package static func built(_ reference: ImageReference) -> String { "built \(reference)" }

    /// The same as what its registry had when it was pulled or pushed.
    package static func mirrored(_ reference: ImageReference) -> String { "mirrored \(reference)" }

    /// The reference in a name of either kind.
    package static func reference(in name: String) -> String? {
        name.split(separator: " ", maxSplits: 1).last.map(String.init)
    }
}
