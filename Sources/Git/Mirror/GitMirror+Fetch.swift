import Glibc
import Linux
import SystemPackage

extension GitMirror {
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
            return MirrorLock(
                try await FileLock.wait(directory.appending("\(path.lastComponent?.string ?? "").lock"), .exclusive))
        } catch let error as SystemError {
            throw GitError(.system, "cannot lock the mirror of \(url): \(error)")
        }
    }

    private func makeDirectory() throws(SystemError) {
        guard directory.withPlatformString({ access($0, F_OK) }) != 0 else { return }
        do throws(SystemError) {
            try check("create directory", directory.string) { directory.withPlatformString { mkdir($0, 0o700) } }
        } catch  where error.errno == .fileExists {}
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
            throw GitError.otherHash(of: url)
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
                    piece.dropFirst(done).withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
                }
            } catch {
                throw GitError(.system, "cannot store the pack of \(url): \(error)")
            }
        }
    }
}

/// A file lock that can be kept across suspension points.
private final class MirrorLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) { self.lock = lock }

    /// Called last: keeps the lock until then.
    func hold() {}
}
