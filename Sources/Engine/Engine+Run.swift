package import Build
import Linux
package import OCI
import Sandbox
import Storage

extension Engine {
    /// Runs a program in an image; what it writes to the file system is dropped. Returns its exit code, as a shell has it.
    package func run(
        _ reference: ImageReference, command: [String], network: RunOperation.Network, platform: Platform = .current,
        options: ProgramOptions = ProgramOptions(), output: @escaping @Sendable (OutputChannel, [UInt8]) -> Void
    ) async throws -> Int32 {
        let lease = try store.lease()
        defer { withExtendedLifetime(lease) {} }
        let image = try await library.resolve(reference, platform: platform)
        return try await run(
            image.config, chain: LayerChain(image.config.diffIDs), origins: LayerOrigins(of: [image]), command: command,
            network: network, options: options, output: output)
    }

    /// The same for an image that was just built; `entrypoint` stands for the image's own.
    package func run(
        _ image: BuiltImage, entrypoint: [String]? = nil, command: [String], network: RunOperation.Network,
        limits: EngineLimits? = nil, options: ProgramOptions = ProgramOptions(),
        output: @escaping @Sendable (OutputChannel, [UInt8]) -> Void
    ) async throws -> Int32 {
        try await run(
            try ImageConfig(parsing: image.configBytes), chain: image.chain, origins: LayerOrigins(of: image),
            entrypoint: entrypoint, command: command, network: network, limits: limits, options: options,
            output: output)
    }

    private func run(
        _ config: ImageConfig, chain: LayerChain, origins: LayerOrigins, entrypoint: [String]? = nil,
        command: [String], network: RunOperation.Network, limits: EngineLimits? = nil, options: ProgramOptions,
        output: @escaping @Sendable (OutputChannel, [UInt8]) -> Void
    ) async throws -> Int32 {
        let entrypoint = entrypoint ?? config.entrypoint ?? []
        let arguments = entrypoint + (command.isEmpty ? config.command ?? [] : command)
        guard !arguments.isEmpty || options.isShell else {
            throw BuildError.request("the image has neither ENTRYPOINT nor CMD: name a command")
        }
        try await library.fetch(chain, origins: origins, report: { _ in })
        let tree = try await trees.tree(of: chain)
        let directory = config.workingDirectory.isEmpty ? "/" : config.workingDirectory
        var program = ImageProgram(
            arguments: options.isShell ? command : arguments, environment: config.environment,
            workingDirectory: directory, user: config.user, network: network)
        options.apply(to: &program)
        return try await withCommandRunner(limits) { [program] runner in
            try await runner.exitCode(of: program, on: chain, tree: tree, output: output)
        }
    }

    /// An image that the store has by name: built here, pulled or pushed.
    package func storedTarget(_ reference: ImageReference) async throws -> BuiltTarget {
        let names = [LocalName.built(reference), LocalName.mirrored(reference)]
        guard let root = try names.lazy.compactMap({ try self.store.references.get($0) }).first else {
            throw BuildError.request("no image `\(reference)` in the store; `caisson image ls` lists them")
        }
        for name in names { try store.references.noteUse(of: name) }
        let lease = try store.lease()
        guard root.mediaType.isIndex else {
            return BuiltTarget([try await storedImage(root, reference, .current, lease)])
        }
        let bytes = try store.blobs.read(root.digest)
        var images: [BuiltImage] = []
        for manifest in try ImageIndex(parsing: bytes).manifests {
            guard let platform = manifest.platform, platform.os != "unknown" else {
                throw BuildError.request("`\(reference)` holds more than images of platforms: `\(manifest.digest)`")
            }
            images.append(try await storedImage(root, reference, platform, lease))
        }
        return BuiltTarget(images, index: RawManifest(bytes: bytes, mediaType: root.mediaType))
    }

    private func storedImage(
        _ root: Descriptor, _ reference: ImageReference, _ platform: Platform, _ lease: Lease
    ) async throws -> BuiltImage {
        var pinned = reference
        pinned.digest = root.digest
        let base = try await library.resolve(pinned, platform: platform)
        let manifest = try store.blobs.read(base.manifest.digest)
        let parsed = try ImageManifest(parsing: manifest)
        return BuiltImage(
            target: reference.description,
            manifest: RawManifest(bytes: manifest, mediaType: parsed.mediaType), config: parsed.config,
            configBytes: try store.blobs.read(parsed.config.digest),
            layers: zip(base.config.diffIDs, parsed.layers).map { layer, descriptor in
                // A layer made here can be compressed again at any time; any other may have to be fetched.
                let isOwn = (try? store.layers.knownBlob(of: layer, as: .gzip))??.digest == descriptor.digest
                return BuiltImage.Layer(
                    diffID: layer, descriptor: descriptor, origin: isOwn ? nil : reference.repository)
            },
            platform: platform, lease: lease)
    }
}
