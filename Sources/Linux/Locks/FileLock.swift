import Glibc
package import SystemPackage

/// An advisory lock on a file (flock(2)), held until the value goes. The kernel releases it when the process dies.
///
/// The file stays: removing it would let two processes hold "the" lock on two files of one name.
package struct FileLock: ~Copyable, Sendable {
    package enum Mode: Sendable {
        case shared
        case exclusive
    }

    private let descriptor: OwnedDescriptor

    /// Takes the lock on the file at `path`, created if absent; nil when another open file holds it, also one of this
    /// process.
    package static func take(_ path: FilePath, _ mode: Mode) throws(SystemError) -> FileLock? {
        let descriptor = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        return try take(descriptor, path, mode)
    }

    /// The exclusive lock on a file that is new: under `path`, nobody sees it before it is locked.
    package static func make(_ path: FilePath) throws(SystemError) -> FileLock {
        let unlocked = FilePath(path.string + ".new")
        let descriptor = try OwnedDescriptor.open(unlocked, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o644)
        guard let lock = try take(descriptor, unlocked, .exclusive) else {
            throw SystemError("lock", path.string, errno: .wouldBlock)
        }
        try check("name the lock", path.string) { rename(unlocked.string, path.string) }
        return lock
    }

    /// As `take`, but waits for the lock; ends with `CancellationError` when the task is cancelled.
    ///
    /// A thread inside flock(2) cannot be called back, so this asks again and again, at most every 50 ms.
    package static func wait(_ path: FilePath, _ mode: Mode) async throws -> FileLock {
        var pause = Duration.milliseconds(1)
        while true {
            if let lock = try take(path, mode) { return lock }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    /// Writes `text` into the file, for others to see who holds the lock. Only for exclusive locks.
    package borrowing func describeHolder(_ text: String) throws(SystemError) {
        let raw = descriptor.rawValue
        try check("truncate a lock file") { ftruncate(raw, 0) }
        let bytes = Array(text.utf8)
        let count = try check("write a lock file") { pwrite(raw, bytes, bytes.count, 0) }
        guard count == bytes.count else { throw SystemError("write a lock file", errno: .ioError) }
    }

    /// What the holder of the lock at `path` wrote about itself; empty when nobody did.
    package static func holder(of path: FilePath) -> String {
        guard let file = try? OwnedDescriptor.open(path) else { return "" }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) ?? 0
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private init(descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// Closing is not enough: a child that has not reached exec yet holds the same open file, and with it the lock.
    deinit { flock(descriptor.rawValue, LOCK_UN) }

    private static func take(
        _ descriptor: consuming OwnedDescriptor, _ path: FilePath, _ mode: Mode
    ) throws(SystemError) -> FileLock? {
        let raw = descriptor.rawValue
        do {
            try check("lock", path.string) { flock(raw, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
        } catch  where error.errno == .wouldBlock {
            return nil
        }
        return FileLock(descriptor: descriptor)
    }
}
