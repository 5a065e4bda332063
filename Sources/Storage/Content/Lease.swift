import Glibc
import Linux
package import OCI
import Synchronization
import SystemPackage

/// Content that a running build needs: as long as the lease lives, in whatever process, no collection and no `remove`
/// takes what it names, nor anything that came into the store, or was claimed, after the lease began. It ends with its
/// last reference, or with its process.
package final class Lease: Sendable {
    private let session: Session
    private let gate: FilePath
    private let named = Mutex<Set<Digest>>([])

    init(session: Session, gate: FilePath) throws {
        self.session = session
        self.gate = gate
        // The kernel's own stamp: it is of the clock that stamps content.
        guard let file = try DiskFile(session.path) else {
            throw StorageError(.system, "the lease `\(session.path)` is gone")
        }
        let start = file.changed
        try Lease.passing(gate, exclusively: false) {
            try session.append("\(Lease.startMark) \(start.seconds) \(start.nanoseconds)\n")
        }
    }

    private static let startMark = "since"

    /// Protects `digests` (of blobs, or of layers by their diffIDs). Look for the content after this, not before: what
    /// was removed earlier stays away, what is there now stays there.
    package func protect(_ digests: some Sequence<Digest>) throws {
        let new = named.withLock { named in digests.filter { !named.contains($0) } }
        if new.isEmpty { return }
        try Lease.passing(gate, exclusively: false) { try session.append(new.map { "\($0.hex)\n" }.joined()) }
        named.withLock { $0.formUnion(new) }
    }

    package func protect(_ layers: some Sequence<DiffID>) throws { try protect(layers.map(\.digest)) }

    /// Runs `body` while no content can become protected and none can be removed by others.
    static func passing<Result>(_ gate: FilePath, exclusively: Bool, _ body: () throws -> Result) throws -> Result {
        let file = SharedDescriptor(try OwnedDescriptor.open(gate, flags: O_RDWR | O_CREAT))
        let raw = file.rawValue
        try check("lock", gate.string) { flock(raw, exclusively ? LOCK_EX : LOCK_SH) }
        return try withExtendedLifetime(file) { try body() }
    }

    /// Everything that living leases of any process hold. Meaningful only inside `passing(_:exclusively: true)`.
    static func held(in directory: FilePath) throws -> HeldContent {
        var held = HeldContent()
        for name in try Session.sweep(directory).alive {
            let bytes = try StoreDirectory.read(directory.appending(name), limit: 1 << 28) ?? []
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                let line = String(decoding: line, as: UTF8.self)
                if let digest = Digest(hex: line) {
                    held.digests.insert(digest)
                } else if line.hasPrefix(startMark) {
                    let numbers = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
                    guard numbers.count == 2 else { continue }
                    let start = FileInstant(seconds: numbers[0], nanoseconds: numbers[1])
                    held.since = held.since.map { min($0, start) } ?? start
                }
            }
        }
        return held
    }
}

/// What running builds need.
struct HeldContent {
    /// Named one by one.
    var digests: Set<Digest> = []
    /// When the oldest lease began; nil without one.
    var since: FileInstant?

    /// Whether the file of `digest` must stay.
    func covers(_ digest: Digest, _ file: DiskFile) -> Bool { digests.contains(digest) || covers(file) }

    /// Whether the file came or was claimed while a lease lived.
    func covers(_ file: DiskFile) -> Bool { since.map { file.changed >= $0 } ?? false }
}

extension Lease {
    /// Runs `remove` unless a living lease holds `digest`, whose file is at `path`.
    static func removing(
        _ digest: Digest, at path: FilePath, _ object: String, of root: FilePath, _ remove: () throws -> Void
    ) throws {
        try passing(root.appending("leases.lock"), exclusively: true) {
            guard let file = try DiskFile(path) else { return try remove() }
            guard try !held(in: root.appending("leases")).covers(digest, file) else {
                throw StorageError(.inUse, "cannot remove \(object): a running build needs it")
            }
            try remove()
        }
    }

    /// Whether there is a file at `path`, which then is as good as new: no build that runs now loses it.
    static func claim(_ path: FilePath, of root: FilePath) throws -> Bool {
        try passing(root.appending("leases.lock"), exclusively: false) {
            try FileUse.stamp(path, .accessed)
        }
    }
}
