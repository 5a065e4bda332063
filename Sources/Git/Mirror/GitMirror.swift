import Glibc
import HTTP
import Linux
package import SystemPackage

/// What is kept here of one repository: a bare repository `<directory>/<identity>`, made when first fetched into.
///
/// Reading needs no lock; fetching takes `<identity>.lock`, so that two processes never fetch at once, and happens in
/// the helper process. A damaged mirror shows as `GitError.corruptMirror`; the next fetch then makes it anew.
package actor GitMirror {
    package nonisolated let url: GitURL
    package nonisolated let path: FilePath
    private let directory: FilePath
    private let remote: GitRemote
    private var repository: GitRepository?
    private var isDamaged = false
    private let thread = BlockingThread(label: "git")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// `directory` holds all mirrors; `scope` separates those of one URL with different credentials.
    package init(of url: GitURL, in directory: FilePath, remote: GitRemote, scope: String = "") {
        self.url = url
        self.directory = directory
        self.remote = remote
        path = directory.appending(url.identity(scope: scope))
    }

    // MARK: Fetching

    /// Fetches `commit` unless it is here. `ref` is where it was seen: used with servers that do not give out commits
    /// by id, and to know what later fetches of that ref can build upon.
    package func ensure(
        _ commit: CommitID, seenAt ref: RefName? = nil, credentials: GitCredentials? = nil
    ) async throws {
        if try contains(commit) { return }
        let lock = try await takeLock()
        defer { lock.hold() }
        // Another process may have fetched it while this one waited.
        if try contains(commit) { return }
        do {
            try await fetch(commit, ref, credentials)
        } catch let error as GitError where error.code == .corruptMirror && !isDamaged {
            isDamaged = true
            try await fetch(commit, ref, credentials)
        }
        isDamaged = false
    }

    private func takeLock() async throws -> MirrorLock {
        do {
            try makeDirectory()
            return MirrorLock(try await FileLock.wait(directory.appending("\(path.lastComponent?.string ?? "").lock"), .exclusive))
        } catch let error as SystemError {
            throw GitError(.system, "cannot lock the mirror of \(url): \(error)")
        }
    }

    private func makeDirectory() throws(SystemError) {
        guard directory.withPlatformString({ access($0, F_OK) }) != 0 else { return }
        do throws(SystemError) {
            try check("create directory", directory.string) { directory.withPlatformString { mkdir($0, 0o700) } }
        } catch where error.errno == .fileExists {}
    }

    private func fetch(_ commit: CommitID, _ ref: RefName?, _ credentials: GitCredentials?) async throws {
        defer { repository = nil }
        if url.scheme.isHTTP {
            let server = remote.smartHTTP(url, credentials, remote.helper.limits.deadline)
            if let capabilities = try await capabilities(of: server) {
                return try await fetch(commit, ref, from: server, capabilities)
            }
        }
        let place = HelperRequest.Remote(url: url, credentials: credentials, trust: remote.trust)
        _ = try await remote.helper.run(
            .fetch(place, mirror: path.string, commit: commit, ref: ref, isDamaged: isDamaged))
    }

    /// Nil if the server does not speak protocol 2.
    private func capabilities(of server: SmartHTTP) async throws -> ServerCapabilities? {
        if let known = remote.capabilities(of: url) { return known }
        guard case .version2(let capabilities) = try await server.greet(prefixes: ["HEAD"]) else { return nil }
        remote.remember(capabilities, of: url)
        return capabilities
    }

    /// The pack goes into a file without a name, which the helper then indexes.
    private func fetch(
        _ commit: CommitID, _ ref: RefName?, from server: SmartHTTP, _ capabilities: ServerCapabilities
    ) async throws {
        guard capabilities.objectFormat == "sha1", commit.object.byteCount == 20 else {
            throw GitError(.unsupported, "\(url) is a SHA-256 repository, which libgit2 1.5 cannot read")
        }
        let (pins, shallow) = try knownCommits()
        let request = PackRequest(commit: commit, have: pins, shallow: shallow)
        let response = try await server.command(request.encoded(capabilities))
        let pack = try packFile()
        let limit = remote.helper.limits.packBytes
        var answer = PackResponse()
        var size: UInt64 = 0
        try await server.read(response) { chunk in
            try answer.append(chunk, of: server) { piece in
                size += UInt64(piece.count)
                guard size <= limit else {
                    throw GitError(.limitExceeded, "\(url) sends more than \(limit) bytes")
                }
                try write(piece, to: pack)
            }
        }
        guard answer.isComplete else { throw GitError(.unreachable, "\(url) ended its answer too early") }
        let stillShallow = shallow.filter { pins.contains($0) && $0 != commit } + answer.shallow
        do {
            _ = try await remote.helper.run(
                .index(mirror: path.string, commit: commit, ref: ref, shallow: stillShallow, isDamaged: isDamaged),
                pack: pack)
        } catch let error as GitError where error.code == .protocolViolation && !pins.isEmpty {
            // The pack builds upon what we said we have: it may be that which is broken.
            throw GitError(.corruptMirror, error.message)
        }
    }

    /// The commits that are completely here, and those among them whose parents are not.
    private func knownCommits() throws -> (pins: [CommitID], shallow: [CommitID]) {
        guard !isDamaged, let repository = try openRepository() else { return ([], []) }
        let pins = try repository.pins(limit: 64)
        for pin in pins where try !contains(pin) { isDamaged = true }
        guard !isDamaged else { return ([], []) }
        return (pins, try repository.shallowCommits().filter { pins.contains($0) })
    }

    private func packFile() throws -> SharedDescriptor {
        let name = directory.appending("\(path.lastComponent?.string ?? "").pack")
        do throws(SystemError) {
            _ = name.withPlatformString { unlink($0) }
            let file = try OwnedDescriptor.open(name, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o600)
            _ = name.withPlatformString { unlink($0) }
            return SharedDescriptor(file)
        } catch {
            throw GitError(.system, "cannot store the pack of \(url): \(error)")
        }
    }

    private func write(_ piece: ArraySlice<UInt8>, to file: SharedDescriptor) throws {
        var done = 0
        while done < piece.count {
            do throws(SystemError) {
                done += try check("write") {
                    piece.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress! + done, $0.count - done) }
                }
            } catch {
                throw GitError(.system, "cannot store the pack of \(url): \(error)")
            }
        }
    }

    // MARK: Reading

    /// Whether the commit is here and, as far as it shows, sound. Never fetches.
    package func contains(_ commit: CommitID) throws -> Bool {
        guard !isDamaged, let repository = try openRepository() else { return false }
        do {
            return try reading { () throws(GitError) in try repository.contains(commit) }
        } catch let error as GitError where error.code == .corruptMirror {
            return false
        }
    }

    package func commit(_ id: CommitID) throws -> GitCommit {
        let repository = try existing(for: id)
        return try reading { () throws(GitError) in try repository.commit(id) }
    }

    /// The tree of `commit`, or of the directory `path` in it ("" is the root), with everything below.
    package func tree(
        of commit: CommitID, at path: String = "", limits: GitTree.Limits = GitTree.Limits()
    ) throws -> GitTree {
        let repository = try existing(for: commit)
        return try reading { () throws(GitError) in try repository.tree(of: commit, at: path, limits: limits) }
    }

    /// What is at `path` in `commit`; nil if there is nothing. Links are not followed.
    package func entry(_ path: String, of commit: CommitID) throws -> GitTree.Entry? {
        let repository = try existing(for: commit)
        return try reading { () throws(GitError) in try repository.entry(path, of: commit) }
    }

    /// The content of a file or the target of a link; more than `limit` bytes is an error.
    package func blob(_ id: ObjectID, limit: Int) throws -> [UInt8] {
        guard let repository = try openRepository() else { throw missing() }
        return try reading { () throws(GitError) in try repository.blob(id, limit: limit) }
    }

    /// Calls `body` on the mirror's thread with the content of a blob, without copying it.
    package func withBlob<Result: Sendable>(
        _ id: ObjectID, limit: Int, _ body: @Sendable (RawSpan) throws -> Result
    ) throws -> Result {
        guard let repository = try openRepository() else { throw missing() }
        do {
            return try repository.withBlob(id, limit: limit, body)
        } catch let error as GitError {
            throw noticing(error)
        }
    }

    private func openRepository() throws -> GitRepository? {
        if let repository { return repository }
        guard path.withPlatformString({ access($0, F_OK) }) == 0 else { return nil }
        do throws(GitError) {
            repository = try GitRepository(path)
        } catch {
            // Whatever libgit2 calls it: a mirror that does not open is of no use.
            isDamaged = true
            return nil
        }
        return repository
    }

    private func existing(for commit: CommitID) throws -> GitRepository {
        guard let repository = try openRepository() else { throw missing() }
        guard try contains(commit) else {
            throw GitError(.notFound, "commit \(commit.short) of \(url) has not been fetched")
        }
        return repository
    }

    private func missing() -> GitError { GitError(.notFound, "nothing of \(url) has been fetched") }

    private func reading<Result>(_ body: () throws(GitError) -> Result) throws -> Result {
        do throws(GitError) {
            return try body()
        } catch {
            throw noticing(error)
        }
    }

    private func noticing(_ error: GitError) -> GitError {
        guard error.code == .corruptMirror else { return error }
        isDamaged = true
        repository = nil
        return error
    }
}

/// A file lock that can be kept across suspension points.
private final class MirrorLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) { self.lock = lock }

    /// Called last: keeps the lock until then.
    func hold() {}
}
