internal import CGit2
package import SystemPackage

/// A repository on this machine, for reading by object id. Not shared between threads: its owner calls it from one.
package final class GitRepository {
    let handle: OpaquePointer
    private let objects: OpaquePointer
    private let isOwner: Bool

    /// Opens the repository at exactly `path`: a bare one, a work tree's root, or its `.git`.
    package init(_ path: FilePath) throws(GitError) {
        try Libgit2.initialize()
        var repository: OpaquePointer?
        try git("open repository `\(path)`") {
            git_repository_open_ext(&repository, path.string, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil)
        }
        guard let repository else { throw GitError(.system, "cannot open repository `\(path)`") }
        var objects: OpaquePointer?
        do throws(GitError) {
            try git("open the objects of `\(path)`") { git_repository_odb(&objects, repository) }
        } catch {
            git_repository_free(repository)
            throw error
        }
        guard let objects else {
            git_repository_free(repository)
            throw GitError(.system, "cannot open the objects of `\(path)`")
        }
        handle = repository
        self.objects = objects
        isOwner = true
    }

    /// For a repository that is open already, whose owner frees it later.
    init(borrowing repository: OpaquePointer) throws(GitError) {
        var objects: OpaquePointer?
        try git("open the objects of a repository") { git_repository_odb(&objects, repository) }
        guard let objects else { throw GitError(.system, "cannot open the objects of a repository") }
        handle = repository
        self.objects = objects
        isOwner = false
    }

    deinit {
        git_odb_free(objects)
        if isOwner { git_repository_free(handle) }
    }

    /// The commit that HEAD is at; nil in a repository without commits.
    package func head() throws(GitError) -> CommitID? {
        var id = git_oid()
        let status = git_reference_name_to_id(&id, handle, "HEAD")
        if status == GIT_ENOTFOUND.rawValue || status == GIT_EUNBORNBRANCH.rawValue { return nil }
        try git("read HEAD") { status }
        return CommitID(ObjectID(id))
    }

    /// Whether the commit itself is here. Says nothing about its tree.
    package func contains(_ commit: CommitID) throws(GitError) -> Bool {
        var id = try commit.object.libraryID()
        var size = 0
        var type = GIT_OBJECT_INVALID
        let status = git_odb_read_header(&size, &type, objects, &id)
        if status == GIT_ENOTFOUND.rawValue { return false }
        try git("look commit \(commit.short) up") { status }
        if type != GIT_OBJECT_COMMIT { try verify(commit.object, size: size) }
        return type == GIT_OBJECT_COMMIT
    }

    /// Reads an object of an unexpected type, which compares its hash: a damaged pack shows any type.
    private func verify(_ id: ObjectID, size: Int) throws(GitError) {
        guard size <= 64 << 20 else { return }
        var name = try id.libraryID()
        var object: OpaquePointer?
        try git("read object \(id)") { git_odb_read(&object, objects, &name) }
        git_odb_object_free(object)
    }

    package func commit(_ id: CommitID) throws(GitError) -> GitCommit {
        let (size, type) = try header(id.object)
        guard type == GIT_OBJECT_COMMIT else {
            try verify(id.object, size: size)
            throw GitError(.notFound, "object \(id.short) is not a commit")
        }
        guard size <= 16 << 20 else { throw GitError(.limitExceeded, "commit \(id.short) is larger than 16 MiB") }
        var name = try id.object.libraryID()
        var commit: OpaquePointer?
        try git("read commit \(id.short)") { git_commit_lookup(&commit, handle, &name) }
        guard let commit else { throw GitError(.system, "cannot read commit \(id.short)") }
        defer { git_commit_free(commit) }
        guard let tree = git_commit_tree_id(commit) else {
            throw GitError(.corruptMirror, "commit \(id.short) has no tree")
        }
        let parents = (0..<git_commit_parentcount(commit)).compactMap { index in
            git_commit_parent_id(commit, index).map { CommitID(ObjectID($0.pointee)) }
        }
        return GitCommit(
            id: id, tree: ObjectID(tree.pointee), parents: parents,
            author: GitCommit.Signature(git_commit_author(commit)),
            committer: GitCommit.Signature(git_commit_committer(commit)),
            summary: git_commit_summary(commit).map { String(String(cString: $0).prefix(500)) } ?? "")
    }

    /// Calls `body` with the content of a blob; larger ones than `limit` are an error and are not read.
    package func withBlob<Result>(
        _ id: ObjectID, limit: Int, _ body: (RawSpan) throws -> Result
    ) throws -> Result {
        let object = try read(id, GIT_OBJECT_BLOB, "file", limit: limit)
        defer { git_odb_object_free(object) }
        let content = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return try body(content.bytes)
    }

    package func blob(_ id: ObjectID, limit: Int) throws(GitError) -> [UInt8] {
        try bytes(id, GIT_OBJECT_BLOB, "file", limit: limit)
    }

    func treeBytes(_ id: ObjectID) throws(GitError) -> [UInt8] {
        try bytes(id, GIT_OBJECT_TREE, "directory", limit: 64 << 20)
    }

    func blobSize(_ id: ObjectID) throws(GitError) -> Int {
        let (size, type) = try present(id)
        guard type == GIT_OBJECT_BLOB else { throw GitError(.hostileTree, "object \(id) is not a file's content") }
        return size
    }

    func bytes(
        _ id: ObjectID, _ type: git_object_t, _ noun: String, limit: Int
    ) throws(GitError) -> [UInt8] {
        let object = try read(id, type, noun, limit: limit)
        defer { git_odb_object_free(object) }
        return [UInt8](UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object)))
    }

    private func read(
        _ id: ObjectID, _ type: git_object_t, _ noun: String, limit: Int
    ) throws(GitError) -> OpaquePointer {
        let (size, found) = try present(id)
        guard found == type else { throw GitError(.hostileTree, "object \(id) is not a \(noun)") }
        guard size <= limit else {
            throw GitError(.limitExceeded, "\(noun) \(id) has \(size) bytes; the limit is \(limit)")
        }
        var name = try id.libraryID()
        var object: OpaquePointer?
        try git("read \(noun) \(id)") { git_odb_read(&object, objects, &name) }
        guard let object else { throw GitError(.system, "cannot read \(noun) \(id)") }
        return object
    }

    /// For what a commit or tree here refers to: its absence is damage.
    private func present(_ id: ObjectID) throws(GitError) -> (Int, git_object_t) {
        do throws(GitError) {
            return try header(id)
        } catch  where error.code == .notFound {
            throw GitError(.corruptMirror, error.message)
        }
    }

    func header(_ id: ObjectID) throws(GitError) -> (Int, git_object_t) {
        var name = try id.libraryID()
        var size = 0
        var type = GIT_OBJECT_INVALID
        try git("find object \(id)") { git_odb_read_header(&size, &type, objects, &name) }
        return (size, type)
    }
}

extension GitCommit.Signature {
    init(_ signature: UnsafePointer<git_signature>?) {
        guard let signature = signature?.pointee else {
            self.init(name: "", email: "", time: 0)
            return
        }
        self.init(
            name: signature.name.map { String(String(cString: $0).prefix(200)) } ?? "",
            email: signature.email.map { String(String(cString: $0).prefix(200)) } ?? "", time: signature.when.time)
    }
}
