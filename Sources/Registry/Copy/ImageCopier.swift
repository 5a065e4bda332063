package import OCI

/// Copies images as they are, digest by digest: every manifest of an index, every blob that the destination lacks.
package struct ImageCopier: Sendable {
    package enum Event: Hashable, Sendable {
        /// The destination had it, or took it from another of its repositories.
        case exists(Descriptor)
        case mounted(Descriptor)
        /// So many bytes of a blob have been read for the destination, over all attempts.
        case transferred(Descriptor, bytes: Int64)
        case copied(Descriptor)
        case manifest(Descriptor, tag: String?)
    }

    /// An index may hold indexes, no deeper than this.
    private static let deepest = 4
    private static let mostManifests = 1000

    private let source: any ImageSource
    private let destination: any ImageDestination
    private let parallelism: Int
    private let onEvent: @Sendable (Event) -> Void

    /// `parallelism` is the number of blobs in transfer at once.
    package init(
        from source: any ImageSource, to destination: any ImageDestination, parallelism: Int = 4,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.source = source
        self.destination = destination
        self.parallelism = parallelism
        self.onEvent = onEvent
    }

    /// Makes `target` name what `reference` names; the tag comes last. With a platform, only the manifest for it is
    /// copied. Returns what `target` names now.
    @discardableResult
    package func copy(
        _ reference: ImageReference, to target: ImageReference, platform: Platform? = nil
    ) async throws -> Descriptor {
        var descriptor = try await source.resolve(reference)
        if let platform, descriptor.mediaType.isIndex {
            let index = try await source.manifest(descriptor, in: reference.repository)
            descriptor = try ImageIndex(parsing: index.bytes, servedAs: descriptor.mediaType).manifest(for: platform)
        }
        if let wanted = target.digest, wanted != descriptor.digest {
            throw OCIError(
                .contentMismatch, "`\(reference)` has the digest \(descriptor.digest), not that of `\(target)`")
        }
        var walk = Walk(origin: reference.repository, repository: target.repository)
        try await copy(descriptor, tag: target.tag, depth: 0, &walk)
        return descriptor
    }

    private struct Walk {
        let origin: RepositoryName
        let repository: RepositoryName
        var manifests: Set<Digest> = []
    }

    private func copy(_ descriptor: Descriptor, tag: String?, depth: Int, _ walk: inout Walk) async throws {
        guard walk.manifests.insert(descriptor.digest).inserted else { return }
        guard depth <= Self.deepest, walk.manifests.count <= Self.mostManifests else {
            throw OCIError(
                .invalidDocument,
                "image index in `\(walk.origin)` holds more than \(Self.mostManifests) manifests "
                    + "or is nested deeper than \(Self.deepest)"
            )
        }
        let manifest = try await source.manifest(descriptor, in: walk.origin)
        let parts = try ManifestParts(manifest)
        for child in parts.manifests { try await copy(child, tag: nil, depth: depth + 1, &walk) }
        let blobs = parts.required.filter { part in !parts.manifests.contains { $0.digest == part.digest } }
        try await copy(blobs, walk, isRepeated: false)
        do { try await destination.put(manifest, tag: tag, in: walk.repository) } catch let error as RegistryError
            where error.code == .blobUnknown
        {
            // A registry may lose a blob between the question and the manifest; once is bad luck.
            try await copy(blobs, walk, isRepeated: true)
            try await destination.put(manifest, tag: tag, in: walk.repository)
        }
        onEvent(.manifest(descriptor, tag: tag))
    }

    private func copy(_ blobs: [Descriptor], _ walk: Walk, isRepeated: Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in blobs.enumerated() {
                if index >= parallelism { try await group.next() }
                group.addTask { try await copy(blob, from: walk.origin, to: walk.repository, isRepeated: isRepeated) }
            }
            try await group.waitForAll()
        }
    }

    private func copy(
        _ blob: Descriptor, from origin: RepositoryName, to repository: RepositoryName, isRepeated: Bool
    ) async throws {
        if !isRepeated {
            if try await destination.contains(blob, in: repository) { return onEvent(.exists(blob)) }
            if origin.registry == repository.registry, origin != repository,
                try await destination.mount(blob, from: origin, in: repository)
            {
                return onEvent(.mounted(blob))
            }
        }
        let content = BlobContent.stream { [source, onEvent] offset in
            let chunks = try await source.blob(blob, in: origin, from: offset)
            let counter = CountedStream(chunks) { onEvent(.transferred(blob, bytes: $0)) }
            return BlobStream { try await counter.next() }
        }
        try await destination.put(blob, content, in: repository)
        onEvent(.copied(blob))
    }
}

/// A stream that reports how many bytes went through it.
private actor CountedStream {
    private let iterator: BlobStream.AsyncIterator
    private let report: @Sendable (Int64) -> Void
    private var count: Int64 = 0

    init(_ stream: BlobStream, report: @escaping @Sendable (Int64) -> Void) {
        iterator = stream.makeAsyncIterator()
        self.report = report
    }

    func next() async throws -> [UInt8]? {
        var iterator = iterator
        guard let chunk = try await iterator.next() else { return nil }
        count += Int64(chunk.count)
        report(count)
        return chunk
    }
}
