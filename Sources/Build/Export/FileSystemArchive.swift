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

    /// The layers must be in the store. Each chain's files lie below its directory, or at the top without one.
    package func write(_ parts: [(directory: String?, chain: LayerChain)], to file: SharedDescriptor) async throws {
        var sources: [(directory: String?, tree: FileTree)] = []
        for part in parts { sources.append((part.directory, try await trees.tree(of: part.chain))) }
        let contents = LayerContents(store: store, context: nil)
        try await BlockingThread(label: "archive").run { [sources] in
            var tar = TarOutput(file)
            for source in sources { try Self.append(source.tree, below: source.directory, contents, to: &tar) }
            try tar.finish()
        }
    }

    private static func append(
        _ tree: FileTree, below directory: String?, _ contents: LayerContents, to tar: inout TarOutput
    ) throws {
        if let directory { try tar.append(directory: directory, epoch: 0) }
        var names: [FileTree.NodeID: EntryPath] = [:]
        var found: [(EntryPath, FileTree.NodeID)] = []
        tree.walk { path, id in found.append((Self.path(path, below: directory), id)) }
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
    }

    private static func path(_ path: EntryPath, below directory: String?) -> EntryPath {
        directory.map { EntryPath(unchecked: Array($0.utf8) + [UInt8(ascii: "/")] + path.bytes) } ?? path
    }
}
