import Glibc
import Linux
package import OCI
import SystemPackage

/// Content that a running build needs: as long as the lease lives, in whatever process, no collection and no `remove`
/// takes what it names. It ends with its last reference, or with its process.
package final class Lease: Sendable {
    private let session: Session
    private let gate: FilePath

    init(session: Session, gate: FilePath) {
        self.session = session
        self.gate = gate
    }

    /// Protects `digests` (of blobs, or of layers by their diffIDs). Look for the content after this, not before: what
    /// was removed earlier stays away, what is there now stays there.
    package func protect(_ digests: some Sequence<Digest>) throws {
        let lines = digests.map { "\($0.hex)\n" }.joined()
        if lines.isEmpty { return }
        try Lease.passing(gate, exclusively: false) { try session.append(lines) }
    }

    package func protect(_ layers: some Sequence<DiffID>) throws { try protect(layers.map(\.digest)) }

    /// Runs `body` while no content can become protected and none can be removed by others.
    static func passing<Result>(_ gate: FilePath, exclusively: Bool, _ body: () throws -> Result) throws -> Result {
        let file = SharedDescriptor(try OwnedDescriptor.open(gate, flags: O_RDWR | O_CREAT))
        let raw = file.rawValue
        try check("lock", gate.string) { flock(raw, exclusively ? LOCK_EX : LOCK_SH) }
        return try withExtendedLifetime(file) { try body() }
    }

    /// Everything that living leases of any process name. Meaningful only inside `passing(_:exclusively: true)`.
    static func protected(in directory: FilePath) throws -> Set<Digest> {
        var digests: Set<Digest> = []
        for name in try Session.sweep(directory).alive {
            let bytes = try StoreDirectory.read(directory.appending(name), limit: 1 << 28) ?? []
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                if let digest = Digest(hex: String(decoding: line, as: UTF8.self)) { digests.insert(digest) }
            }
        }
        return digests
    }
}

extension Lease {
    /// Runs `remove` unless a living lease names `digest`.
    static func removing(_ digest: Digest, _ object: String, of root: FilePath, _ remove: () throws -> Void) throws {
        try passing(root.appending("leases.lock"), exclusively: true) {
            guard try !protected(in: root.appending("leases")).contains(digest) else {
                throw StorageError(.inUse, "cannot remove \(object): a running build needs it")
            }
            try remove()
        }
    }
}
