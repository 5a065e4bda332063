import Linux
import SystemPackage

/// Ranges of user and group ids that builds of this host run in: one each, so that no build can signal, trace or read
/// what another one owns, whichever process started it.
struct IDRanges: Sendable {
    /// Above what distributions give to users (subuid(5)), below what systemd uses for containers.
    private static let first: UInt32 = 1_879_048_192
    private static let count: UInt32 = 65536
    private static let slots = 2048

    /// A range for probes, which leave nothing behind.
    static let sample = IDMapping(base: first + UInt32(slots) * count, count: count)

    private let directory: FilePath

    /// `directory` holds a lock file for each range in use.
    init(directory: FilePath) { self.directory = directory }

    /// A range nobody uses, until the lease goes.
    func take() throws -> IDRangeLease {
        try DirectoryTree.create(directory)
        for slot in 0..<Self.slots {
            guard let lock = try FileLock.take(directory.appending(String(slot)), .exclusive) else { continue }
            let base = Self.first + UInt32(slot) * Self.count
            return IDRangeLease(ids: IDMapping(base: base, count: Self.count), lock: lock)
        }
        throw EngineError("all \(Self.slots) ranges of user ids are in use by builds")
    }
}

/// A range of ids while a build uses it.
final class IDRangeLease: Sendable {
    let ids: IDMapping
    private let lock: FileLock

    init(ids: IDMapping, lock: consuming FileLock) {
        self.ids = ids
        self.lock = lock
    }
}
