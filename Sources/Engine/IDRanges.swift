import Linux
import SystemPackage

/// Ranges of user and group ids that builds of this host run in: one each, so that no build can signal, trace or read
/// what another one owns, whichever process started it.
struct IDRanges: Sendable {
    /// Above what distributions give to users (subuid(5)), below what systemd uses for containers.
    private static let first: UInt32 = 1_879_048_192
    private static let count: UInt32 = 65536
    private static let slots = 2048
    /// What the first slots have besides, for users of directory services: where no distribution gives any ids. The others
    /// have 65536 ids.
    private static let upperFirst: UInt32 = 1 << 31
    private static let upperCount: UInt32 = (1 << 23) - count
    private static let upperSlots = 255

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
            return IDRangeLease(ids: Self.ids(of: UInt32(slot)), lock: lock)
        }
        throw EngineError("all \(Self.slots) ranges of user ids are in use by builds")
    }

    private static func ids(of slot: UInt32) -> IDMapping {
        let ids = IDMapping(base: first + slot * count, count: count)
        return slot < upperSlots ? ids.extended(base: upperFirst + slot << 23, count: upperCount) : ids
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
