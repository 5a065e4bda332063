package import OCI
import Sandbox
package import Storage

/// Carries out the operations of one build: makes the layer that a RUN, COPY, ADD or WORKDIR adds.
package struct LayerExecutor: OperationExecutor {
    let store: Store
    let library: ImageLibrary
    let trees: ChainTrees
    let graph: Graph
    package let origins: LayerOrigins
    let commands: CommandRunner

    /// `imports` are layers to be had besides those of base images.
    package init(
        store: Store, library: ImageLibrary, trees: ChainTrees, graph: Graph, commands: CommandRunner,
        imports: LayerOrigins = LayerOrigins()
    ) {
        self.store = store
        self.library = library
        self.trees = trees
        self.graph = graph
        self.commands = commands
        origins = LayerOrigins(
            of: graph.vertices.compactMap { vertex in
                if case .image(let image) = vertex.operation { image } else { nil }
            }
        ).merging(imports)
    }

    package func execute(_ vertex: Vertex, on inputs: [LayerChain], emit: @escaping EventSink) async throws -> DiffID {
        for input in inputs { try await library.fetch(input, origins: origins) { emit(.transfer($0)) } }
        let base = try await trees.tree(of: inputs[0])
        do {
            return try await perform(vertex, on: inputs, base, emit)
        } catch {
            guard let step = vertex.step, let (message, hint) = Self.mistake(in: error) else { throw error }
            throw BuildError.step(StepFailure(step: step, message: message, hint: hint))
        }
    }

    package func size(of layer: DiffID) -> Int64? { try? store.layers.size(of: layer) }

    private func perform(
        _ vertex: Vertex, on inputs: [LayerChain], _ base: FileTree, _ emit: @escaping EventSink
    ) async throws -> DiffID {
        switch vertex.operation {
        case .run(let run):
            guard let step = vertex.step else { preconditionFailure("every command is a step") }
            if let refusal = ForeignPlatform.refusal(of: run.platform) {
                throw BuildError.step(StepFailure(step: step, message: refusal.message, hint: refusal.hint))
            }
            var shown = [MountInput(chain: inputs[0], tree: base)]
            for input in inputs.dropFirst() {
                shown.append(MountInput(chain: input, tree: try await trees.tree(of: input)))
            }
            return try await commands.run(run, step: step, on: shown, emit: emit)
        case .copy(let copy):
            let source: SelectionSource =
                switch copy.origin {
                case .context(let index): .context(index)
                case .stage: .chain(inputs[1])
                }
            return try await self.copy(copy, from: source, onto: base) { emit(.warning($0)) }
        case .makeDirectory(let directory): return try await make(directory, on: base)
        case .scratch, .image, .merge: preconditionFailure("has no layer of its own")
        }
    }

    /// What the author of the build can mend; nil for other errors.
    private static func mistake(in error: any Error) -> (message: String, hint: String?)? {
        switch error {
        case let error as SandboxError where error.isOfTheBuild: (error.message, error.hint)
        case let error as StorageError where error.code == .unsuitableMountPoint: (error.message, nil)
        case let error as CopyError: (error.message, error.hint)
        case let error as RunMountError: (error.message, error.hint)
        case let error as UnknownUser: (error.description, error.hint)
        default: nil
        }
    }

    func tree(of source: SelectionSource) async throws -> FileTree {
        switch source {
        case .context(let index): return try await graph.contexts[index].tree()
        case .chain(let chain):
            try await library.fetch(chain, origins: origins) { _ in }
            return try await trees.tree(of: chain)
        }
    }

    /// WORKDIR: the layer is there even if the directory is, so that layers and history agree.
    private func make(_ directory: DirectoryOperation, on base: FileTree) async throws -> DiffID {
        let users = try UserDatabase(of: base, in: store)
        let identity = try users.identity(of: directory.user)
        var placement = CopyPlacement(
            on: base, owner: .init(uid: identity.uid, gid: identity.gid), mode: nil, epoch: directory.epoch)
        try placement.makeDirectory(followedThrough: directory.path)
        return try await LayerContents(store: store, context: nil).writeOnThread(placement)
    }
}

extension UserDatabase {
    /// Of the image whose files `tree` shows.
    init(of tree: FileTree, in store: Store) throws {
        self.init(passwd: try Self.read("/etc/passwd", tree, store), group: try Self.read("/etc/group", tree, store))
    }

    /// Empty for a file that is not there; larger ones than any host has are not read.
    private static func read(_ path: String, _ tree: FileTree, _ store: Store) throws -> [UInt8] {
        guard let node = try? tree.resolve(Array(path.utf8)).node, case .file(let content) = tree[node].kind,
            content.size <= 4 << 20
        else { return [] }
        return try LayerContents(store: store, context: nil).bytes(of: content)
    }
}
