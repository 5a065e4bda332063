import Dockerfile
import OCI
import Storage

/// COPY and ADD.
extension LayerExecutor {
    package func select(_ copy: CopyOperation, from source: SelectionSource) async throws -> SelectedFiles {
        let selection = try selection(of: copy, in: try await tree(of: source), from: source)
        return SelectedFiles(
            selection, for: copy, digests: try await digests(of: selection, context: context(of: source)))
    }

    private func selection(
        of copy: CopyOperation, in tree: FileTree, from source: SelectionSource
    ) throws(CopyError) -> CopySelection {
        let context = context(of: source)
        return try CopySelection(of: copy, in: tree, called: title(of: source, for: copy)) {
            context?.exclusion(of: $0)
        }
    }

    private func title(of source: SelectionSource, for copy: CopyOperation) -> String {
        switch source {
        case .context(let index): graph.title(ofContext: index)
        case .chain: copy.originTitle ?? "the stage or image it is mounted from"
        }
    }

    private func context(of source: SelectionSource) -> (any BuildContext)? {
        if case .context(let index) = source { graph.contexts[index] } else { nil }
    }

    private func digests(
        of selection: CopySelection, context: (any BuildContext)?
    ) async throws -> [FileTree.NodeID: Digest] {
        var nodes: [FileTree.NodeID] = []
        var contents: [FileContent] = []
        selection.forEach { id in
            guard case .file(let content) = selection.tree[id].kind else { return }
            nodes.append(id)
            contents.append(content)
        }
        let digests = try await LayerContents(store: store, context: context).digests(of: contents)
        return Dictionary(zip(nodes, digests)) { first, _ in first }
    }

    func copy(_ copy: CopyOperation, from source: SelectionSource, onto base: FileTree, warn: (Diagnostic) -> Void)
        async throws -> DiffID
    {
        let context = context(of: source)
        let selection = try selection(of: copy, in: try await tree(of: source), from: source)
        if context == nil { selection.warnings(of: copy, from: title(of: source, for: copy)).forEach(warn) }
        let owner = try copy.owner.map { try UserDatabase(of: base, in: store).owner(of: $0) }
        var placement = CopyPlacement(
            on: base, owner: owner, mode: copy.mode, epoch: copy.epoch, isLinked: copy.isLinked,
            keepsTimes: copy.keepsTimes)
        let contents = LayerContents(store: store, context: context)
        try placement.check(selection, goesInto: copy)
        for item in selection.items {
            if copy.unpacksArchives, case .file(let content) = selection.tree[item.node].kind,
                let archive = try await contents.archive(content, named: item.path)
            {
                try placement.unpack(archive, to: copy.destination)
            } else {
                try placement.place(
                    item.node, named: item.name, of: selection.tree, to: copy.destination,
                    isDirectory: copy.destinationIsDirectory)
            }
        }
        for file in copy.inlineFiles {
            let node = FileTree.Node(
                kind: .file(FileContent(size: Int64(file.bytes.count), source: .bytes(file.bytes))),
                mode: 0o644)
            try placement.place(
                node, named: Array(file.name.utf8), to: copy.destination,
                isDirectory: copy.destinationIsDirectory)
        }
        do { return try await contents.writeOnThread(placement) } catch let error as StorageError
            where error.code == .invalidLayer
        {
            throw CopyError(error.message)
        }
    }
}
