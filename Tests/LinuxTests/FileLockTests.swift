import Foundation
import Glibc
import Linux
import SystemPackage
import Testing

struct FileLockTests {
    private let path = FilePath("/tmp/caisson-lock-\(getpid())-\(UInt32.random(in: 0 ... .max))")

    /// Whether the lock could be taken; it is given back at once.
    private func isFree(_ mode: FileLock.Mode) throws -> Bool {
        guard let lock = try FileLock.take(path, mode) else { return false }
        _ = consume lock
        return true
    }

    @Test func exclusiveLockIsHeldOnce() throws {
        defer { unlink(path.string) }
        let held = try FileLock.take(path, .exclusive)
        #expect(try !isFree(.exclusive))
        #expect(try !isFree(.shared))
        _ = consume held
        #expect(try isFree(.exclusive))
    }

    @Test func newLockIsOnItsFileFromTheBegin() throws {
        defer { unlink(path.string) }
        let held = try FileLock.make(path)
        #expect(try !isFree(.exclusive) && access(path.string + ".new", F_OK) != 0)
        _ = consume held
        #expect(try isFree(.exclusive))
    }

    @Test func lockGoesWithItsOwnerThoughAnotherHasTheSameOpenFile() throws {
        defer { unlink(path.string) }
        let held = try FileLock.make(path)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { CInt($0) }
        let own = try #require(
            open.first {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path.string
            })
        let inherited = fcntl(own, F_DUPFD_CLOEXEC, 3)
        defer { close(inherited) }
        #expect(try !isFree(.exclusive))
        _ = consume held
        #expect(try isFree(.exclusive))
    }

    @Test func sharedLocksExcludeOnlyTheExclusive() throws {
        defer { unlink(path.string) }
        let held = try FileLock.take(path, .shared)
        #expect(try isFree(.shared))
        #expect(try !isFree(.exclusive))
        _ = consume held
        #expect(try isFree(.exclusive))
    }

    @Test func waiterGetsTheLockWhenItIsFree() async throws {
        defer { unlink(path.string) }
        let held = try FileLock.take(path, .exclusive)
        let waiter = Task { [path] in _ = try await FileLock.wait(path, .exclusive) }
        try await Task.sleep(for: .milliseconds(20))
        _ = consume held
        try await waiter.value
    }

    @Test func waiterCanBeCancelled() async throws {
        defer { unlink(path.string) }
        let held = try FileLock.take(path, .exclusive)
        let waiter = Task { [path] in _ = try await FileLock.wait(path, .exclusive) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        _ = consume held
    }

    @Test func holderDescribesItself() throws {
        defer { unlink(path.string) }
        guard let lock = try FileLock.take(path, .exclusive) else {
            Issue.record("nobody else knows this file")
            return
        }
        try lock.describeHolder("process 12")
        try lock.describeHolder("agent")
        #expect(FileLock.holder(of: path) == "agent")
    }
}
