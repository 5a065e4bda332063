import Glibc
import Linux
import OCI
import SystemPackage

/// A file on its way into the store: written under a temporary name in its final directory, hashed while written, and
/// published by a rename. Without `publish` nothing is left of it once it goes, or at once after `discard`.
///
/// Used by one thread at a time; that is the caller's duty.
final class PendingFile: @unchecked Sendable {
    let path: FilePath
    let descriptor: OwnedDescriptor
    private let directory: FilePath
    private var hasher = SHA256Hasher()
    private(set) var size: Int64 = 0
    private var hasTemporaryName = true

    private let session: Session

    init(in directory: FilePath, session: Session) throws {
        self.directory = directory
        self.session = session
        // The directory may grow.
        try session.admit(1)
        path = directory.appending(try session.temporaryName())
        descriptor = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL)
    }

    deinit { discard() }

    func discard() {
        if hasTemporaryName { unlink(path.string) }
        hasTemporaryName = false
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try session.admit(bytes.count)
        try descriptor.write(bytes)
        hasher.update(bytes)
        size += Int64(bytes.count)
    }

    func write(_ bytes: [UInt8]) throws {
        try session.admit(bytes.count)
        try descriptor.write(bytes)
        hasher.update(bytes)
        size += Int64(bytes.count)
    }

    /// The digest of everything written; once.
    func digest() -> Digest { hasher.finish() }

    /// Gives the file its name, replacing what has it. `durable` means: when this returns, neither content nor name can
    /// be lost to a power cut.
    func publish(as name: String, durable: Bool) throws(SystemError) {
        if durable { try descriptor.synchronize() }
        let target = directory.appending(name)
        try check("rename a temporary file to", target.string) { rename(path.string, target.string) }
        hasTemporaryName = false
        if durable { try StoreDirectory.synchronize(directory) }
    }
}
