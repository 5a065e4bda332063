import Archive
import Linux
package import Storage
package import SystemPackage

/// The files of an image as files of this host: `--output type=local`. They belong to whoever runs the build, times and
/// modes are the image's; devices are left out.
package struct DirectoryExport: Sendable {
    private let store: Store
    private let trees: ChainTrees

    package init(store: Store, trees: ChainTrees) {
        self.store = store
        self.trees = trees
    }

    /// The layers must be in the store. No symbolic link is followed below `directory`, whoever put it there.
    package func write(_ chain: LayerChain, to directory: FilePath) async throws {
        let tree = try await trees.tree(of: chain)
        let contents = LayerContents(store: store, context: nil)
        try await BlockingThread(label: "export").run {
            try DirectoryTree.create(directory)
            let root = SharedDescriptor(try OwnedDescriptor.open(directory, flags: OpenFlags.directory))
            let output = DirectoryOutput(root: root)
            var found: [(EntryPath, FileTree.NodeID)] = []
            tree.walk { path, id in found.append((path, id)) }
            var names: [FileTree.NodeID: EntryPath] = [:]
            for (path, id) in found {
                if let first = names[id] {
                    try output.link(FilePath(path), to: FilePath(first))
                } else if try write(tree[id], path, contents, output), !tree[id].isDirectory {
                    names[id] = path
                }
            }
            for (path, id) in found.reversed() where tree[id].isDirectory {
                try output.finish(FilePath(path), mode: tree[id].mode, seconds: tree[id].modified.seconds)
            }
        }
    }

    /// False for what is left out.
    private func write(
        _ node: FileTree.Node, _ path: EntryPath, _ contents: LayerContents, _ output: DirectoryOutput
    ) throws -> Bool {
        switch node.kind {
        case .directory: try output.directory(FilePath(path))
        case .file(let content):
            let file = try output.file(FilePath(path))
            try contents.read(content) { try file.write($0) }
            try output.finish(FilePath(path), mode: node.mode, seconds: node.modified.seconds)
        case .symbolicLink(let target):
            try output.symbolicLink(FilePath(path), to: target, seconds: node.modified.seconds)
        case .characterDevice, .blockDevice, .fifo: return false
        }
        return true
    }
}
