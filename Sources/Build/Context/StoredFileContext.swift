package import Archive
import Linux
package import OCI
package import Storage
import SystemPackage

/// One file of the store as a context: what came from a URL.
package struct StoredFileContext: BuildContext {
    private let name: String
    private let size: Int64
    private let digest: Digest
    private let path: FilePath
    private let mode: UInt16

    /// The blob `digest` of `size` bytes must be in the store and stay there.
    package init(_ digest: Digest, size: Int64, named name: String, mode: UInt16 = 0o600, in store: Store) {
        self.name = name
        self.size = size
        self.digest = digest
        self.mode = mode
        path = store.blobs.path(of: digest)
    }

    package func tree() async throws -> FileTree {
        var tree = FileTree()
        let content = FileContent(size: size, source: .context(0))
        tree.add(FileTree.Node(kind: .file(content), mode: mode), named: Array(name.utf8), to: FileTree.root)
        return tree
    }

    package func digests(of ids: [Int]) async throws -> [Digest] { ids.map { _ in digest } }

    package func open(_ id: Int) throws -> ContextContent {
        .file(SharedDescriptor(try OwnedDescriptor.open(path, flags: OpenFlags.read)), as: nil)
    }

    package func exclusion(of path: EntryPath) -> Exclusion? { nil }
}
