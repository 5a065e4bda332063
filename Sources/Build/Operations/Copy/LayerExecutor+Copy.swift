import Archive
import OCI
import Storage

/// COPY and ADD.
extension LayerExecutor {
    package func select(_ copy: CopyOperation, from source: SelectionSource) async throws -> SelectedFiles {
        let tree = try await tree(of: source)
        let context = context(of: source)
        let selection = try Self.selection(of: copy, in: tree, context)
        return SelectedFiles(
            selection, in: tree, for: copy, digests: try await digests(of: selection, in: tree, context: context))
    }

    private static func selection(
        of copy: CopyOperation, in tree: FileTree, _ context: (any BuildContext)?
    ) throws -> CopySelection {
        guard let context else {
            return try CopySelection(of: copy.sources, in: tree, called: "the stage or image it is copied from")
        }
        return try CopySelection(of: copy.sources, in: tree) { context.exclusion(of: $0) }
    }

    private func context(of source: SelectionSource) -> (any BuildContext)? {
        if case .context(let index) = source { graph.contexts[index] } else { nil }
    }

    private func digests(
        of selection: CopySelection, in tree: FileTree, context: (any BuildContext)?
    ) async throws -> [FileTree.NodeID: Digest] {
        var nodes: [FileTree.NodeID] = []
        var contents: [FileContent] = []
        func add(_ id: FileTree.NodeID) {
            guard case .file(let content) = tree[id].kind else { return }
            nodes.append(id)
            contents.append(content)
        }
        for item in selection.items {
            add(item.node)
            if tree[item.node].isDirectory { tree.walk(from: item.node) { _, id in add(id) } }
        }
        let digests = try await LayerContents(store: store, context: context).digests(of: contents)
        return Dictionary(zip(nodes, digests)) { first, _ in first }
    }

    func copy(_ copy: CopyOperation, from source: SelectionSource, onto base: FileTree) async throws -> DiffID {
        let tree = try await tree(of: source)
        let context = context(of: source)
        let selection = try Self.selection(of: copy, in: tree, context)
        let owner = try copy.owner.map { try UserDatabase(of: base, in: store).owner(of: $0) }
        var placement = CopyPlacement(on: base, owner: owner, mode: copy.mode, epoch: copy.epoch)
        let contents = LayerContents(store: store, context: context)
        for item in selection.items {
            if copy.unpacksArchives, case .file(let content) = tree[item.node].kind,
                let archive = try await contents.archive(content)
            {
                try placement.unpack(archive, to: copy.destination)
            } else {
                try placement.place(
                    item.node, named: item.name, of: tree, to: copy.destination,
                    isDirectory: copy.destinationIsDirectory)
            }
        }
        for file in copy.inlineFiles {
            let node = FileTree.Node(
                kind: .file(FileContent(size: Int64(file.bytes.count), source: .bytes(file.bytes))), mode: 0o644)
            try placement.place(
                node, named: Array(file.name.utf8), to: copy.destination, isDirectory: copy.destinationIsDirectory)
        }
        return try await contents.writeOnThread(placement, epoch: copy.epoch)
    }
}
