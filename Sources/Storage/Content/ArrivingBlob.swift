import OCI

/// A blob that arrives piece by piece and must turn out as promised. Without a file it is only verified.
final class ArrivingBlob: @unchecked Sendable {
    // Sendable: used by one thread at a time, except `missing`, which is read after the work.
    private let descriptor: Descriptor
    private let file: PendingFile?
    private var hasher = SHA256Hasher()
    private var size: Int64 = 0

    init(_ descriptor: Descriptor, file: PendingFile?) {
        self.descriptor = descriptor
        self.file = file
    }

    /// What is still to come.
    var missing: Int64 { max(0, descriptor.size - size) }

    func write(_ chunk: [UInt8]) throws {
        guard Int64(chunk.count) <= missing else {
            throw StorageError(
                .contentMismatch, "blob `\(descriptor.digest)` is larger than the \(descriptor.size) bytes promised")
        }
        if let file { try file.write(chunk) } else { hasher.update(chunk) }
        size += Int64(chunk.count)
    }

    /// Everything has come: digest and size are those of the descriptor.
    func finish() throws {
        guard missing == 0 else {
            throw StorageError(
                .contentMismatch,
                "blob `\(descriptor.digest)` is truncated: \(size) of \(descriptor.size) bytes arrived")
        }
        let digest = file?.digest() ?? hasher.finish()
        guard digest == descriptor.digest else {
            throw StorageError(.contentMismatch, "blob `\(descriptor.digest)` arrived with the digest `\(digest)`")
        }
    }

    func discard() { file?.discard() }

    /// After `finish`.
    func publish() throws { try file?.publish(as: descriptor.digest.hex, durable: true) }
}
