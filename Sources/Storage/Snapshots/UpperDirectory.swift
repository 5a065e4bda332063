internal import Glibc
package import Linux
import Synchronization
package import SystemPackage

/// Where what a step writes goes: into memory while the budget lasts, else to disk.
package struct UpperPolicy: Sendable {
    package var memory: MemoryBudget?
    /// An existing directory of the store's file system, the job's own.
    package var disk: FilePath

    package init(memory: MemoryBudget? = nil, disk: FilePath) {
        self.memory = memory
        self.disk = disk
    }
}

/// Memory that all upper directories of the process together may take, handed out in equal shares.
package final class MemoryBudget: Sendable {
    /// What one upper directory may hold.
    package let share: Int64
    private let free: Mutex<Int64>

    package init(total: Int64, share: Int64) {
        self.share = share
        free = Mutex(total)
    }

    /// A share, given back with the last reference to it; nil if none is left.
    func takeShare() -> Share? {
        let isTaken = free.withLock { free in
            if free < share { return false }
            free -= share
            return true
        }
        return isTaken ? Share(of: self) : nil
    }

    final class Share: Sendable {
        private let budget: MemoryBudget

        fileprivate init(of budget: MemoryBudget) { self.budget = budget }

        deinit { budget.free.withLock { $0 += budget.share } }
    }
}

/// The upper and the work directory of an overlay. What is in them goes when this goes; what a killed process leaves
/// on disk lies below the policy's directory.
package final class UpperDirectory: Sendable {
    package enum Place: Hashable, Sendable {
        /// In memory, at most so many bytes.
        case memory(limit: Int64)
        case disk(FilePath)
    }

    package let place: Place
    /// The upper directory: what was written, as overlayfs keeps it.
    package let descriptor: SharedDescriptor
    let work: SharedDescriptor
    private let parent: SharedDescriptor
    private let share: MemoryBudget.Share?

    /// Makes both directories; `root` becomes the metadata of the upper one, whose ids are the host's.
    init(_ policy: UpperPolicy, root: RootMetadata) throws {
        if let budget = policy.memory, let share = budget.takeShare() {
            self.share = share
            place = .memory(limit: budget.share)
            parent = SharedDescriptor(try DetachedMount.tmpfs(size: budget.share).release())
        } else {
            share = nil
            let path = try Self.makeDirectory(in: policy.disk)
            place = .disk(path)
            parent = SharedDescriptor(try OwnedDescriptor.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        }
        descriptor = try Self.makeDirectory("upper", in: parent)
        work = try Self.makeDirectory("work", in: parent)
        let raw = descriptor.rawValue
        try check("set the owner of an upper directory") { fchown(raw, root.uid, root.gid) }
        try check("set the mode of an upper directory") { fchmod(raw, mode_t(root.mode)) }
    }

    deinit {
        guard case .disk(let path) = place else { return }
        // A failure leaves files below a directory that is swept when the store is opened next.
        try? FileRemoval.removeAll(path)
    }

    /// Whether a write could have failed for want of room in memory; a step that failed then says so. On disk the
    /// writer was told.
    package var isFull: Bool {
        guard case .memory = place else { return false }
        var status = statvfs()
        guard fstatvfs(descriptor.rawValue, &status) == 0 else { return false }
        return status.f_bavail == 0 || status.f_ffree == 0
    }

    /// What to say when it is full.
    package var fullMessage: String? {
        guard isFull, case .memory(let limit) = place else { return nil }
        return "the step wrote more than \(limit >> 20) MiB, the share of one step in memory"
    }

    /// A directory of the same file system for what stands right below the upper one.
    func makeLower() throws(SystemError) -> SharedDescriptor { try Self.makeDirectory("lower", in: parent) }

    private static func makeDirectory(in parent: FilePath) throws(SystemError) -> FilePath {
        while true {
            let path = parent.appending("step-" + String(UInt64.random(in: 0...UInt64.max), radix: 36))
            if mkdir(path.string, 0o700) == 0 { return path }
            if errno != EEXIST { throw SystemError("create the directory", path.string) }
        }
    }

    private static func makeDirectory(_ name: String, in parent: SharedDescriptor) throws(SystemError)
        -> SharedDescriptor
    {
        let raw = parent.rawValue
        try check("create the directory", name) { mkdirat(raw, name, 0o755) }
        return SharedDescriptor(
            try OwnedDescriptor.open(FilePath(name), at: raw, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    }
}
