import Glibc
package import Linux
import OCI
import SystemPackage

/// Directories that steps keep from build to build: package managers' downloads, compilers' results.
///
///     mounts/<digest of the id>/cache.json   the id
///     mounts/<digest of the id>/<n>/         copy n; 1 is what all but private users have
///     mounts/<digest of the id>/<n>.lock     held by the users of the copy
///     mounts/<digest of the id>.lock         held by all users; by whoever removes the cache, alone
///
/// Contents are never looked at: what a killed step left half-written is content like any other. Locks are the
/// kernel's and end with their process. Owners are those that steps see, whatever ids their build runs in.
package final class CacheMountStore: Sendable {
    let directory: FilePath
    let session: Session

    init(directory: FilePath, session: Session) {
        self.directory = directory
        self.session = session
    }

    /// Waits until the cache can be had, and makes it if it is not there: `fill` gives the empty directory what it
    /// begins with, ids as steps see them.
    ///
    /// `renewing` replaces what is there by a new one. `waiting` is called once if somebody else has the cache. Ends
    /// with `CancellationError` when the task is cancelled. Who needs several caches takes them in the order of their
    /// digests, each once: then no two wait for each other.
    package func take(
        _ id: CacheMountID, _ sharing: CacheMountSharing, renewing: Bool = false,
        fill: @escaping @Sendable (SharedDescriptor) throws -> Void = { _ in }, waiting: @Sendable () -> Void = {}
    ) async throws -> CacheMountLease {
        let thread = BlockingThread(label: "cache-mount")
        var renews = renewing
        var pause = Duration.milliseconds(1)
        var hasWaited = false
        while true {
            switch try await thread.run({ [self, renews] in try attempt(id, sharing, renewing: renews, fill) }) {
            case .taken(let lease): return lease
            case .made: renews = false
            case .busy:
                if !hasWaited, pause >= .milliseconds(50) {
                    hasWaited = true
                    waiting()
                }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(50))
            }
        }
    }

    private enum Attempt {
        case taken(CacheMountLease)
        /// The copy is there now; others may have been quicker to take it.
        case made
        case busy
    }

    private func attempt(
        _ id: CacheMountID, _ sharing: CacheMountSharing, renewing: Bool,
        _ fill: (SharedDescriptor) throws -> Void
    ) throws -> Attempt {
        do {
            guard let use = try FileLock.take(lockPath(of: id.digest), .shared) else { return .busy }
            let folder = try folder(for: id)
            var number = 1
            while true {
                let path = folder.appending(String(number))
                let needsMaking = try renewing || DiskFile(path) == nil
                let mode: FileLock.Mode = sharing == .shared && !needsMaking ? .shared : .exclusive
                guard let lock = try FileLock.take(folder.appending("\(number).lock"), mode) else {
                    guard sharing == .private else { return .busy }
                    number += 1
                    continue
                }
                if try renewing || DiskFile(path) == nil {
                    if mode == .exclusive { try make(path, id, fill) }
                    return .made
                }
                try FileUse.stamp(folder, .modified)
                return .taken(
                    CacheMountLease(
                        SharedDescriptor(try OwnedDescriptor.open(path, flags: OpenFlags.directory)),
                        [HeldLock(use), HeldLock(lock)]))
            }
        } catch {
            throw StorageError.writing("the cache `\(id.name)`", in: directory, error)
        }
    }

    // MARK: Files

    func lockPath(of cache: Digest) -> FilePath { directory.appending(cache.hex + ".lock") }

    func folderPath(of cache: Digest) -> FilePath { directory.appending(cache.hex) }

    static let description = "cache.json"

    private func folder(for id: CacheMountID) throws -> FilePath {
        let folder = folderPath(of: id.digest)
        let description = folder.appending(Self.description)
        let bytes = id.json.canonicalBytes
        if try StoreDirectory.read(description, limit: 1 << 16) == bytes { return folder }
        try StoreDirectory.create(folder, mode: 0o700)
        let new = directory.appending(try session.temporaryName())
        try OwnedDescriptor.open(new, flags: OpenFlags.replace).write(bytes)
        try check("create", description.string) { rename(new.string, description.string) }
        return folder
    }

    /// Makes a copy aside and moves it to its place: it is whole or not there.
    private func make(_ path: FilePath, _ id: CacheMountID, _ fill: (SharedDescriptor) throws -> Void) throws {
        let aside = directory.appending(try session.temporaryName())
        defer { try? FileRemoval.removeAll(aside) }
        try StoreDirectory.create(aside, mode: 0o700)
        let new = aside.appending("new")
        try StoreDirectory.create(new)
        let content = SharedDescriptor(try OwnedDescriptor.open(new, flags: OpenFlags.directory))
        let raw = content.rawValue
        try fill(content)
        // What `fill` brought is the default.
        let status = try FileStatus.of(raw)
        try check("set the owner of", new.string) { fchown(raw, id.uid ?? status.uid, id.gid ?? status.gid) }
        try check("set the mode of", new.string) { fchmod(raw, mode_t(id.mode ?? status.mode)) }
        if rename(path.string, aside.appending("old").string) != 0, errno != ENOENT {
            throw SystemError("move aside", path.string)
        }
        try check("create", path.string) { rename(new.string, path.string) }
    }
}

/// The use of a cache, until it goes: nobody removes it meanwhile, and nobody else has it unless it is shared.
package final class CacheMountLease: Sendable {
    /// The cache's own directory.
    package let directory: SharedDescriptor
    private let locks: [HeldLock]

    fileprivate init(_ directory: SharedDescriptor, _ locks: [HeldLock]) {
        self.directory = directory
        self.locks = locks
    }
}

/// A lock whose holder several owners share.
final class HeldLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) { self.lock = lock }
}
