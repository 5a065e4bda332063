package import Archive
package import Build
package import Git
import Linux
package import OCI
package import Storage
import Synchronization
package import SystemPackage

/// The tree of a commit as a context, read from the object database without a checkout: with the trees of submodules
/// in their places and a `.git` of the commit, where they are asked for.
package final class GitContext: BuildContext {
    /// A repository's contribution.
    package struct Part: Sendable {
        let tree: GitTree
        let mirror: FilePath
        /// Where it goes: the root, or a submodule's place.
        let place: EntryPath

        /// `mirror` holds the objects of `tree`.
        package init(_ tree: GitTree, mirror: FilePath, at place: EntryPath = .root) {
            self.tree = tree
            self.mirror = mirror
            self.place = place
        }
    }

    fileprivate enum Content {
        case blob(ObjectID, in: SharedRepository)
        case object(LooseObject, in: SharedRepository)
        case bytes([UInt8])
    }

    fileprivate static let largestLink = 1 << 16
    /// Larger files do not belong into git, and their blobs are read whole.
    private static let largestBlob = 2 << 30

    private let files: FileTree
    private let contents: [Content]
    private let digests = Mutex<[Int: Digest]>([:])

    /// A part comes after the one that holds its place. `keeping` is the commit whose `.git` is wanted, of the first
    /// part's repository.
    package init(_ parts: [Part], keeping commit: GitCommit? = nil) throws {
        var draft = Draft()
        for part in parts { try draft.add(part) }
        if let commit, let first = parts.first { try draft.add(try GitDirectory(of: commit, first)) }
        files = draft.files
        contents = draft.contents
    }

    package func tree() async throws -> FileTree { files }

    // MARK: Contents

    package func digests(of ids: [Int]) async throws -> [Digest] {
        try await BlockingThread(label: "git").run {
            try ids.map { id in
                if let known = self.digests.withLock({ $0[id] }) { return known }
                let digest = Digest.of(try self.bytes(of: id))
                self.digests.withLock { $0[id] = digest }
                return digest
            }
        }
    }

    private func bytes(of id: Int) throws -> [UInt8] {
        switch contents[id] {
        case .bytes(let bytes): bytes
        case .blob(let blob, let repository): try repository.blob(blob, limit: Self.largestBlob)
        case .object(let object, let repository): try repository.file(of: object, limit: Self.largestBlob)
        }
    }

    package func open(_ id: Int) throws -> ContextContent { .bytes(try bytes(of: id)) }

    package func exclusion(of path: EntryPath) -> Exclusion? { nil }
}

/// A context's tree while it grows.
private struct Draft {
    private(set) var files = FileTree()
    private(set) var contents: [GitContext.Content] = []

    mutating func add(_ part: GitContext.Part) throws {
        let repository = try SharedRepository(part.mirror)
        for entry in part.tree.entries.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) {
            guard let below = EntryPath(entry.path) else { continue }
            var node = FileTree.Node(kind: .directory, mode: UInt16(entry.kind.mode))
            switch entry.kind {
            case .directory, .submodule: break
            case .file, .executable:
                node.kind = .file(content(.blob(entry.id, in: repository), size: entry.size))
            case .symbolicLink:
                node.kind = .symbolicLink(try repository.blob(entry.id, limit: GitContext.largestLink))
            }
            add(node, at: part.place.appending(below))
        }
    }

    mutating func add(_ directory: GitDirectory) throws {
        add(FileTree.Node(kind: .directory, mode: 0o755), at: EntryPath(unchecked: Array(".git".utf8)))
        for item in directory.items {
            guard let path = EntryPath(".git/" + item.path) else { continue }
            switch item.content {
            case .directory: add(FileTree.Node(kind: .directory, mode: 0o755), at: path)
            case .bytes(let bytes):
                add(FileTree.Node(kind: .file(content(.bytes(bytes), size: bytes.count)), mode: 0o644), at: path)
            case .object(let object):
                let content = content(.object(object, in: directory.repository), size: object.fileSize)
                add(FileTree.Node(kind: .file(content), mode: 0o644), at: path)
            }
        }
    }

    private mutating func add(_ node: FileTree.Node, at path: EntryPath) {
        guard let parent = path.parent.flatMap({ files.node(at: $0) }) else { return }
        if node.isDirectory, files.child(path.name, of: parent) != nil { return }
        files.add(node, named: path.name, to: parent)
    }

    private mutating func content(_ content: GitContext.Content, size: Int) -> FileContent {
        contents.append(content)
        return FileContent(size: Int64(size), source: .context(contents.count - 1))
    }
}

/// An open repository that several threads read, one at a time.
final class SharedRepository: Sendable {
    private let repository: Mutex<GitRepository>

    init(_ path: FilePath) throws { repository = Mutex(try GitRepository(path)) }

    func blob(_ id: ObjectID, limit: Int) throws -> [UInt8] {
        try repository.withLock { try $0.blob(id, limit: limit) }
    }

    func object(_ id: ObjectID) throws -> LooseObject { try repository.withLock { try $0.looseObject(id) } }

    func tree(of commit: CommitID) throws -> GitTree { try repository.withLock { try $0.tree(of: commit) } }

    func file(of object: LooseObject, limit: Int) throws -> [UInt8] {
        try repository.withLock { object.file(try $0.content(of: object, limit: limit)) }
    }
}
