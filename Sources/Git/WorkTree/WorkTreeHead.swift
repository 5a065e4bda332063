import Glibc
import Linux
package import SystemPackage

/// The commit that a work tree has checked out, read from the files of its repository: HEAD, refs, packed-refs, loose
/// objects, packs (gitrepository-layout, gitformat-pack). Loading a library for it takes longer than a build of which
/// everything is cached.
///
/// Knows what nearly all clones look like, linked work trees among them, and says nil of all others: refs in tables, HEAD
/// as a symbolic link, objects that are deltas or borrowed from another repository.
package struct WorkTreeHead: Hashable, Sendable {
    package let commit: CommitID
    /// As `GitCommit.commitTime`.
    package let commitTime: Int64

    /// `directory` is the root of the work tree.
    package init?(of directory: FilePath) {
        guard let repository = WorkTreeRepository(of: directory), let id = repository.head(),
            let object = repository.object(id), let time = Self.committerTime(object)
        else { return nil }
        commit = CommitID(id)
        commitTime = max(1, time)
    }

    /// Of `committer NAME <EMAIL> SECONDS ZONE` among the headers of a commit.
    private static func committerTime(_ object: StoredObject) -> Int64? {
        guard object.kind == .commit else { return nil }
        for line in object.content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.isEmpty { return nil }
            guard line.starts(with: "committer ".utf8), let end = line.lastIndex(of: UInt8(ascii: ">")) else {
                continue
            }
            let fields = line[(end + 1)...].split(separator: UInt8(ascii: " "))
            return fields.count == 2 ? Int64(String(decoding: fields[0], as: UTF8.self)) : nil
        }
        return nil
    }
}

/// Where the files of a work tree's repository are.
struct WorkTreeRepository {
    /// With HEAD.
    private let directory: FilePath
    /// With refs and objects: the main repository's, where several work trees share one.
    private let common: FilePath

    init?(of workTree: FilePath) {
        var directory = workTree.appending(".git")
        if let link = Self.line(of: directory) {
            guard link.hasPrefix("gitdir: ") else { return nil }
            directory = workTree.pushing(FilePath(String(link.dropFirst(8))))
        }
        self.directory = directory
        common = Self.line(of: directory.appending("commondir")).map { directory.pushing(FilePath($0)) } ?? directory
    }

    func head() -> ObjectID? {
        guard let text = Self.line(of: directory.appending("HEAD")) else { return nil }
        guard text.hasPrefix("ref: ") else { return ObjectID(text) }
        guard let name = RefName(validating: Array(text.utf8.dropFirst(5))[...]) else { return nil }
        return Self.line(of: common.appending(name.text)).map { ObjectID($0) } ?? packedRef(name)
    }

    /// Lines of `ID NAME`; those of comments and of what annotated tags lead to begin otherwise.
    private func packedRef(_ name: RefName) -> ObjectID? {
        guard let text = Self.text(of: common.appending("packed-refs"), limit: 64 << 20) else { return nil }
        let ending = Array(" \(name.text)".utf8)
        for line in text.split(separator: UInt8(ascii: "\n")) where line.count > ending.count {
            if line.suffix(ending.count).elementsEqual(ending) { return ObjectID(hex: line.dropLast(ending.count)) }
        }
        return nil
    }

    func object(_ id: ObjectID) -> StoredObject? {
        let objects = common.appending("objects")
        let object = StoredObject(loose: id, in: objects) ?? StoredObject(packed: id, in: objects.appending("pack"))
        return object?.hasName(id) == true ? object : nil
    }

    /// The only line of a small file.
    private static func line(of path: FilePath) -> String? {
        guard var text = text(of: path, limit: 4096) else { return nil }
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        return String(validating: text, as: UTF8.self)
    }

    private static func text(of path: FilePath, limit: Int) -> [UInt8]? {
        try? FileContents.read(path, limit: limit)
    }
}
