import Archive
package import Linux
import OCI
package import Storage

/// The files of an image without its layers, as one tar: `--output type=tar`.
package struct FileSystemArchive: Sendable {
    private let store: Store
    private let trees: ChainTrees

    package init(store: Store, trees: ChainTrees) {
        self.store = store
        self.trees = trees
    }

    /// The layers must be in the store.
    package func write(_ chain: LayerChain, to file: SharedDescriptor) async throws {
        let tree = try await trees.tree(of: chain)
        let contents = LayerContents(store: store, context: nil)
        try await BlockingThread(label: "archive").run {
            var tar = TarOutput(file)
            var names: [FileTree.NodeID: EntryPath] = [:]
            var found: [(EntryPath, FileTree.NodeID)] = []
            tree.walk { path, id in found.append((path, id)) }
            for (path, id) in found {
                let node = tree[id]
                if let first = names[id] {
                    try tar.append(TarEntry(path: path, kind: .hardLink(first), node))
                    continue
                }
                if !node.isDirectory { names[id] = path }
                var entry = TarEntry(path: path, kind: node.kind.tarKind, node)
                guard case .file(let content) = node.kind else {
                    try tar.append(entry)
                    continue
                }
                entry.kind = .file(size: content.size, offset: 0, segments: nil)
                try tar.append(entry) { receive in try contents.read(content, receive) }
            }
            try tar.finish()
        }
    }
}
