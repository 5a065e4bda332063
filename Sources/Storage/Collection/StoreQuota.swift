import Glibc
import Linux
import OCI
import Synchronization
import SystemPackage

/// Lets bytes into a store only where they fit into its quota, and makes room for them first.
///
/// Room is set aside on disk before it is used: the blocks of a file in `reserved/` that nobody reads. So whoever counts
/// blocks, in whatever process, counts what others are about to write; what a process that died had set aside is
/// removed. A grant costs one count of the whole store, and lasts for many files. Where several processes write,
/// what is on its way to the disk at the instant of a count may come on top.
///
/// What running steps write into their own directories is counted with everything else but bounded only here: by what
/// comes into the store next.
final class StoreQuota: Sendable {
    private struct Room {
        var size: Int64 = 0
        var used: Int64 = 0
    }

    private let limit: Int64
    private let room = Mutex(Room())
    private let reservation: SharedDescriptor
    private let root: FilePath
    private let collect: @Sendable (_ target: Int64) throws -> QuotaHolders
    private let measure: @Sendable () throws -> Int64

    /// `measure` counts what the store takes; `collect` tries to bring that down to `target` and says what is left.
    init(
        limit: Int64, root: FilePath, session: String, measure: @escaping @Sendable () throws -> Int64,
        collect: @escaping @Sendable (_ target: Int64) throws -> QuotaHolders
    ) throws {
        self.limit = limit
        self.measure = measure
        self.collect = collect
        self.root = root
        let directory = root.appending("reserved")
        try StoreDirectory.create(directory)
        reservation = SharedDescriptor(
            try OwnedDescriptor.open(directory.appending(session), flags: O_RDWR | O_CREAT | O_TRUNC))
    }

    /// What a grant holds, unless there is less or more is needed.
    private var grant: Int64 { min(max(limit / 32, 1 << 20), 256 << 20) }

    private static let block: Int64 = 4096

    /// Returns when `bytes` may be written.
    func take(_ bytes: Int64) throws {
        let bytes = (bytes + Self.block - 1) / Self.block * Self.block
        try room.withLock { room in
            if room.used + bytes > room.size { try refill(&room, for: bytes) }
            // From here on they count where they are written.
            reservation.returnBlocks(at: room.used, count: bytes)
            room.used += bytes
        }
    }

    /// Makes sure that the next `bytes` fit, before anything of them is there.
    func prepare(_ bytes: Int64) throws {
        try room.withLock { room in
            if room.used + bytes > room.size { try refill(&room, for: bytes + Self.block) }
        }
    }

    private func refill(_ room: inout Room, for bytes: Int64) throws {
        // What nobody wants to hear of: the lock is held for one count and, at most, one collection.
        let turn = SharedDescriptor(
            try OwnedDescriptor.open(root.appending("quota.lock"), flags: O_RDWR | O_CREAT))
        let raw = turn.rawValue
        try check("lock", "quota.lock") { flock(raw, LOCK_EX) }
        try StoreQuota.sweep(root, sparing: Session.sweep(root.appending("leases")).alive)
        try reservation.reserveBlocks(0)
        room = Room()
        var size = try measure()
        if size + bytes > limit {
            let holders = try collect(limit - max(bytes, grant))
            size = try measure()
            guard size + bytes <= limit else {
                throw StorageError(
                    .overQuota,
                    "the store has \(size) of the \(limit) bytes of its quota in use, \(bytes) bytes are needed, "
                        + "\(size + bytes - limit) are missing: \(holders)")
            }
        }
        room.size = max(bytes, min(grant, limit - size))
        try reservation.reserveBlocks(room.size)
        withExtendedLifetime(turn) {}
    }

    /// Removes what processes that died had set aside.
    static func sweep(_ root: FilePath, sparing alive: Set<String>) throws {
        let directory = root.appending("reserved")
        for name in try StoreDirectory.names(in: directory) where !alive.contains(name) {
            try StoreDirectory.remove(directory.appending(name))
        }
    }
}

/// What remains in a store after a collection, and why.
struct QuotaHolders: CustomStringConvertible {
    var running: Int64 = 0
    var onlyCopies: Int64 = 0
    var other: Int64 = 0

    var description: String {
        let parts = [
            ("running builds", running), ("images in no registry", onlyCopies),
            ("cache mounts, mirrors and work areas in use, and records", other),
        ]
        let holders = parts.filter { $0.1 > 0 }.map { "\($0.0) hold \($0.1)" }
        return holders.isEmpty ? "nothing holds any" : holders.joined(separator: ", ")
    }
}

extension Store {
    /// Bounds what comes into the store from here on.
    func limit(to quota: Int64) throws {
        session.quota.store(
            try StoreQuota(limit: quota, root: root, session: session.name) { [root] in
                try DiskUsage.of(root)
            } collect: { [weak self] target in
                try self?.makeRoom(target) ?? QuotaHolders()
            })
    }

    /// Mirrors are left alone: this process may have some open.
    private func makeRoom(_ target: Int64) throws -> QuotaHolders {
        let kinds = Set(StoreItem.Kind.allCases).subtracting([.git])
        _ = try collect(CollectionPolicy(kinds: kinds, maximumSize: max(0, target)), now: Int64(time(nil)))
        return try StoreInventory(of: self).holders()
    }
}

extension StoreInventory {
    /// What is left where everything that could go is gone.
    fileprivate func holders() throws -> QuotaHolders {
        var holders = QuotaHolders()
        var counted: Set<Digest> = []
        func add(_ digest: Digest, _ size: Int64, to total: inout Int64) {
            if counted.insert(digest).inserted { total += size }
        }
        for (layer, files) in layers where files.isHeld { add(layer.digest, files.size, to: &holders.running) }
        for (digest, blob) in blobs where blob.isHeld { add(digest, blob.size, to: &holders.running) }
        for image in images {
            for layer in image.layers { add(layer.digest, layers[layer]?.size ?? 0, to: &holders.onlyCopies) }
            for blob in image.blobs { add(blob, blobs[blob]?.size ?? 0, to: &holders.onlyCopies) }
        }
        holders.other = trees.reduce(0) { $0 + $1.size }
        return holders
    }
}
