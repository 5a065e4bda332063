package import OCI
package import Storage
import SystemPackage

/// Sends images to a registry: what is there already is not sent, what another repository of the same registry has is
/// mounted, the manifest comes after its blobs, the tag last.
package struct ImagePusher: Sendable {
    private let store: Store
    private let library: ImageLibrary
    private let destination: any ImageDestination

    /// Blobs on their way at once.
    private static let concurrency = 4

    package init(store: Store, library: ImageLibrary, destination: any ImageDestination) {
        self.store = store
        self.library = library
        self.destination = destination
    }

    /// All `references` must be tags. Blobs are sent once for each repository.
    package func push(
        _ target: BuiltTarget, to references: [ImageReference], report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        var repositories: [RepositoryName] = []
        for reference in references where !repositories.contains(reference.repository) {
            repositories.append(reference.repository)
        }
        for repository in repositories {
            try await sendParts(of: target, to: repository, report: report)
            for reference in references where reference.repository == repository {
                try await destination.put(target.root, tag: reference.tag, in: repository)
                report(
                    Transfer(
                        .push, name: reference.description, completed: target.size, total: target.size, isFinished: true
                    ))
            }
        }
    }

    /// Everything but the document that a name stands for.
    package func sendParts(
        of target: BuiltTarget, to repository: RepositoryName, report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        for image in target.images {
            try await sendBlobs(of: image, to: repository, report: report)
            if target.index != nil { try await destination.put(image.manifest, tag: nil, in: repository) }
        }
    }

    private func sendBlobs(
        of image: BuiltImage, to repository: RepositoryName, report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        var pending = Set<Digest>()
        let layers = image.layers.filter { pending.insert($0.descriptor.digest).inserted }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for layer in layers {
                if running == Self.concurrency {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await send(layer, to: repository, report: report) }
                running += 1
            }
            try await group.waitForAll()
        }
        if try await !destination.contains(image.config, in: repository) {
            try await destination.put(image.config, .bytes(image.configBytes), in: repository)
        }
    }

    private func send(
        _ layer: BuiltImage.Layer, to repository: RepositoryName, report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        if try await destination.contains(layer.descriptor, in: repository) { return }
        if let origin = layer.origin {
            if origin.registry == repository.registry, origin != repository,
                try await destination.mount(layer.descriptor, from: origin, in: repository)
            {
                return
            }
        }
        try await library.provideBlob(of: layer)
        let path = store.blobs.path(of: layer.descriptor.digest).string
        try await destination.put(layer.descriptor, .file(path: path), in: repository)
        let size = layer.descriptor.size
        report(Transfer(.push, name: layer.descriptor.digest.short, completed: size, total: size, isFinished: true))
    }
}
