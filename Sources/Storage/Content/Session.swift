import Glibc
import Linux
import Synchronization
import SystemPackage

/// One opening of a store by one process: a file in `leases/` that the process keeps locked as long as it lives.
///
/// Whoever finds the lock free knows that the owner is gone, whatever became of its process number, and may remove the
/// file and every temporary that carries its name.
final class Session: Sendable {
    let name: String
    let path: FilePath
    let file: SharedDescriptor
    /// What bounds the files that are written under this session; empty without a quota.
    let quota = QuotaSlot()
    private let temporaries = Atomic<Int>(0)
    private let isNoted = Atomic<Bool>(false)

    private static let opened = Atomic<Int>(0)

    init(in directory: FilePath) throws {
        let boot = try Session.bootID().prefix(8)
        while true {
            let number = Session.opened.wrappingAdd(1, ordering: .relaxed).newValue
            let name = "\(boot)-\(getpid())-\(number)"
            let path = directory.appending(name)
            guard let file = try Session.create(path) else { continue }
            self.name = name
            self.path = path
            self.file = file
            return
        }
    }

    /// The locked new file; nil if another has the name or a sweep came between creation and lock.
    private static func create(_ path: FilePath) throws(SystemError) -> SharedDescriptor? {
        do {
            let file = SharedDescriptor(
                try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_APPEND))
            let raw = file.rawValue
            try check("lock", path.string) { flock(raw, LOCK_EX) }
            var status = stat()
            try check("read the status of", path.string) { fstat(raw, &status) }
            return status.st_nlink == 0 ? nil : file
        } catch  where error.errno == .fileExists {
            return nil
        }
    }

    deinit { unlink(path.string) }

    /// A name for a temporary file that a sweep attributes to this session. The first one is noted in the session's
    /// file: a session without the note leaves nothing to sweep.
    func temporaryName() throws(SystemError) -> String {
        try noteTemporaries()
        return ".\(name).\(temporaries.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    /// Says that this session may leave something unfinished if it dies.
    func noteTemporaries() throws(SystemError) {
        if !isNoted.exchange(true, ordering: .relaxed) { try append(Session.note + "\n") }
    }

    private static let note = "temporaries"

    func append(_ lines: String) throws(SystemError) {
        let raw = file.rawValue
        let bytes = Array(lines.utf8)
        // One write to a file opened for appending: whole lines, whoever else writes.
        let count = try check("write", path.string) { write(raw, bytes, bytes.count) }
        guard count == bytes.count else { throw SystemError("write", path.string, errno: .noSpace) }
    }

    /// Removes the files of sessions whose owner is gone. Says which live, and whether one of the others may have left
    /// temporaries; only with `forgetting` are those that did removed, by who then removes the temporaries.
    static func sweep(
        _ directory: FilePath, forgetting: Bool = false
    ) throws -> (alive: Set<String>, leftTemporaries: Bool) {
        var alive: Set<String> = []
        var leftTemporaries = false
        for name in try StoreDirectory.names(in: directory) {
            let path = directory.appending(name)
            // nil: another process holds the lock. One that is gone already was swept by somebody else.
            guard access(path.string, F_OK) == 0 else { continue }
            if try FileLock.take(path, .exclusive) != nil {
                let text = try StoreDirectory.read(path, limit: 1 << 28) ?? []
                let left = text.starts(with: note.utf8) || text.contains("\n\(note)\n".utf8)
                leftTemporaries = leftTemporaries || left
                if forgetting || !left { unlink(path.string) }
            } else {
                alive.insert(name)
            }
        }
        return (alive, leftTemporaries)
    }

    /// Returns when `bytes` may be written.
    func admit(_ bytes: Int) throws { try quota.value?.take(Int64(bytes)) }

    /// Changes with every start of the machine.
    static func bootID() throws(SystemError) -> String {
        let file = try OwnedDescriptor.open("/proc/sys/kernel/random/boot_id")
        let bytes = try file.read(count: 36, at: 0)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A place for a quota, set once when the store is opened.
final class QuotaSlot: Sendable {
    private let slot = Mutex<StoreQuota?>(nil)

    var value: StoreQuota? { slot.withLock { $0 } }

    func store(_ quota: StoreQuota) { slot.withLock { $0 = quota } }
}
