package import Archive
package import Build
package import Dockerfile
package import Git
package import OCI
package import Storage
import Synchronization
package import SystemPackage

/// The tree of a commit as a context, read from the object database without a checkout.
package final class GitContext: BuildContext {
    /// Larger files do not belong into git, and their blobs are read whole.
    private static let largestBlob = 2 << 30

    private struct State {
        var digests: [Int: Digest] = [:]
    }

    private let files: FileTree
    private let blobs: [ObjectID]
    private let ignore: IgnoreFile
    private let repository: Mutex<GitRepository>
    private let state = Mutex(State())

    /// `tree` is the context's part of the commit; `mirror` holds its objects. The ignore file applies as it does to a
    /// directory, so that a clone and its commit give the same image.
    package init(_ tree: GitTree, mirror: FilePath, ignore: IgnoreFile) throws {
        var files = FileTree()
        var blobs: [ObjectID] = []
        for entry in tree.entries.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) {
            guard let path = EntryPath(entry.path), let parentPath = path.parent else { continue }
            let isExcluded = ignore.excludes(path.bytes[...])
            guard let parent = files.node(at: parentPath) else { continue }
            var node = FileTree.Node(kind: .directory, mode: 0o755)
            switch entry.kind {
            case .directory, .submodule: break
            case _ where isExcluded: continue
            case .file, .executable:
                node.kind = .file(FileContent(size: Int64(entry.size), source: .context(blobs.count)))
                node.mode = entry.kind == .executable ? 0o755 : 0o644
                blobs.append(entry.id)
            case .symbolicLink:
                node.kind = .symbolicLink(try Self.read(entry.id, mirror))
                node.mode = 0o777
            }
            files.add(node, named: path.name, to: parent)
        }
        if !ignore.isEmpty { files.removeEmptyDirectories { ignore.excludes($0.bytes[...]) } }
        self.files = files
        self.blobs = blobs
        self.ignore = ignore
        repository = Mutex(try GitRepository(mirror))
    }

    private static func read(_ id: ObjectID, _ mirror: FilePath) throws -> [UInt8] {
        try GitRepository(mirror).blob(id, limit: 1 << 16)
    }

    package func tree() async throws -> FileTree { files }

    package func digests(of ids: [Int]) async throws -> [Digest] {
        try ids.map { id in
            if let known = state.withLock({ $0.digests[id] }) { return known }
            let digest = Digest.of(try bytes(of: id))
            state.withLock { $0.digests[id] = digest }
            return digest
        }
    }

    private func bytes(of id: Int) throws -> [UInt8] {
        try repository.withLock { try $0.blob(blobs[id], limit: Self.largestBlob) }
    }

    package func open(_ id: Int) throws -> ContextContent { .bytes(try bytes(of: id)) }

    package func exclusion(of path: EntryPath) -> Exclusion? { ignore.exclusion(of: path) }
}
