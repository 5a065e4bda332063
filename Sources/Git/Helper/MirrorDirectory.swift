internal import CGit2
import Glibc
import Linux
import SystemPackage

/// The bare repository of one URL, as the helper changes it; its caller holds the lock. Only what was completely
/// fetched and checked has a pin, a ref below `refs/caisson/`: pins are what later fetches build upon.
struct MirrorDirectory {
    let path: String

    init(_ path: String) { self.path = path }

    /// Lets `fetch` bring objects into the repository and checks that `commit` and everything in its tree are there
    /// and sound. A repository that turns out to be damaged is replaced by an empty one, once.
    func update(
        limits: GitFetchLimits, commit: CommitID, ref: RefName?, _ fetch: (OpaquePointer) throws(GitError) -> Void
    ) throws(GitError) {
        do throws(GitError) {
            try updateOnce(limits: limits, commit: commit, ref: ref, fetch)
        } catch  where error.code == .corruptMirror {
            try remove()
            try updateOnce(limits: limits, commit: commit, ref: ref, fetch)
        }
    }

    private func updateOnce(
        limits: GitFetchLimits, commit: CommitID, ref: RefName?, _ fetch: (OpaquePointer) throws(GitError) -> Void
    ) throws(GitError) {
        let repository = try open()
        defer { git_repository_free(repository) }
        removeLeftovers()
        try fetch(repository)
        _ = try GitRepository(FilePath(path)).tree(of: commit, limits: limits.tree)
        try pin(commit, as: ref, in: repository)
    }

    private func open() throws(GitError) -> OpaquePointer {
        var repository: OpaquePointer?
        if access(path, F_OK) != 0 {
            // Complete before it has its name: nobody ever opens half a repository.
            let draft = "\(path).new"
            removeTree(draft)
            try create(draft)
            guard rename(draft, path) == 0 else {
                throw GitError(.system, "cannot create mirror `\(path)`: \(String(cString: strerror(errno)))")
            }
        }
        let status = git_repository_open_bare(&repository, path)
        guard status == 0, let repository else {
            throw GitError(.corruptMirror, GitError.last(status, "open mirror `\(path)`").message)
        }
        return repository
    }

    private func create(_ path: String) throws(GitError) {
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
        var repository: OpaquePointer?
        try git("create mirror `\(path)`") { git_repository_init_ext(&repository, path, &options) }
        git_repository_free(repository)
    }

    /// The pack that is open as `descriptor` becomes one of the repository's, with every object's hash computed.
    func index(pack descriptor: CInt, limits: GitFetchLimits) throws(GitError) {
        var repository: OpaquePointer?
        var objects: OpaquePointer?
        defer {
            git_odb_free(objects)
            git_repository_free(repository)
        }
        try git("open mirror `\(path)`") { git_repository_open_bare(&repository, path) }
        try git("open the objects of `\(path)`") { git_repository_odb(&objects, repository) }
        var options = git_indexer_options()
        git_indexer_options_init(&options, UInt32(GIT_INDEXER_OPTIONS_VERSION))
        var indexer: OpaquePointer?
        try git("index a pack") { git_indexer_new(&indexer, "\(path)/objects/pack", 0, objects, &options) }
        defer { git_indexer_free(indexer) }
        var progress = git_indexer_progress()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: off_t = 0
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            guard count >= 0 else {
                throw GitError(.system, "cannot read the received pack: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            offset += count
            try received("index the received pack") {
                buffer.withUnsafeBytes { git_indexer_append(indexer, $0.baseAddress, count, &progress) }
            }
            guard UInt64(progress.total_objects) <= limits.objects else {
                throw GitError(
                    .limitExceeded, "the pack has \(progress.total_objects) objects, the limit is \(limits.objects)")
            }
        }
        if offset > 0 { try received("index the received pack") { git_indexer_commit(indexer, &progress) } }
    }

    /// What is wrong with a pack is the server's fault, not the mirror's.
    private func received(_ operation: String, _ call: () -> CInt) throws(GitError) {
        do throws(GitError) {
            try git(operation, call)
        } catch  where error.code == .corruptMirror {
            throw GitError(.protocolViolation, error.message)
        }
    }

    /// Names the commits whose parents were not fetched (git's `shallow` file).
    func setShallow(_ commits: [CommitID]) throws(GitError) {
        let target = "\(path)/shallow"
        guard !commits.isEmpty else {
            unlink(target)
            return
        }
        let text = commits.map { $0.hex + "\n" }.joined()
        guard let file = fopen("\(target).new", "w") else {
            throw GitError(.system, "cannot write `\(target)`: \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0
        guard fclose(file) == 0, isWritten, rename("\(target).new", target) == 0 else {
            throw GitError(.system, "cannot write `\(target)`: \(String(cString: strerror(errno)))")
        }
    }

    private func pin(_ commit: CommitID, as ref: RefName?, in repository: OpaquePointer) throws(GitError) {
        var id = try commit.object.libraryID()
        let name = try MirrorPin.name(of: ref)
        var reference: OpaquePointer?
        try git("pin commit \(commit.short)") { git_reference_create(&reference, repository, name, &id, 1, nil) }
        git_reference_free(reference)
    }

    /// Halves of packs of helpers that were killed.
    private func removeLeftovers() {
        let directory = "\(path)/objects/pack"
        for name in names(in: directory) where !name.hasPrefix("pack-") { unlink("\(directory)/\(name)") }
    }

    /// Moves the repository out of the way first, so that nobody opens what is half gone.
    func remove() throws(GitError) {
        let grave = "\(path).damaged"
        removeTree(grave)
        guard rename(path, grave) == 0 || errno == ENOENT else {
            throw GitError(.system, "cannot remove mirror `\(path)`: \(String(cString: strerror(errno)))")
        }
        removeTree(grave)
    }

    private func removeTree(_ path: String) {
        if Glibc.remove(path) == 0 || errno == ENOENT { return }
        for name in names(in: path) { removeTree("\(path)/\(name)") }
        Glibc.remove(path)
    }

    private func names(in directory: String) -> [String] {
        guard let descriptor = try? OwnedDescriptor.open(FilePath(directory), flags: O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryListing.names(in: descriptor.rawValue)
        else { return [] }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The name of a ref's pin: a hash, since ref names can collide as file names (`a` and `a/b`) and come from strangers.
enum MirrorPin {
    static let prefix = "refs/caisson/"

    static func name(of ref: RefName?) throws(GitError) -> String {
        let text = Array((ref?.text ?? "").utf8)
        var id = git_oid()
        try git("hash a ref name") { git_odb_hash(&id, text, text.count, GIT_OBJECT_BLOB) }
        return prefix + ObjectID(id).hex
    }
}
