import Archive
import Glibc
package import Linux
package import OCI
package import SystemPackage

/// Blobs by digest: manifests, configs, compressed layers.
///
/// A blob appears under its name only whole, verified and flushed to disk.
package final class BlobStore: Sendable {
    let directory: FilePath
    private let root: FilePath
    private let session: Session

    init(directory: FilePath, root: FilePath, session: Session) {
        self.directory = directory
        self.root = root
        self.session = session
    }

    /// Where the blob is or would be. The file must not be changed.
    package func path(of digest: Digest) -> FilePath { directory.appending(digest.hex) }

    package func contains(_ digest: Digest) -> Bool { (try? size(of: digest)) != nil }

    /// As `contains`, and what is here stays for the builds that run now, as if it had just come.
    package func claim(_ digest: Digest) throws -> Bool { try Lease.claim(path(of: digest), of: root) }

    /// Says that the blob was of use.
    package func noteUse(of digest: Digest) throws { try FileUse.note(path(of: digest), .modified) }

    /// nil if the blob is not here.
    package func size(of digest: Digest) throws -> Int64? { try StoreDirectory.size(of: path(of: digest)) }

    /// Keeps what `stream` brings if it is exactly what `descriptor` promises; otherwise throws and keeps nothing. A
    /// blob that is here already is not read again.
    package func ingest(_ stream: BlobStream, expecting descriptor: Descriptor) async throws {
        if try claim(descriptor.digest) { return }
        let thread = BlockingThread(label: "blob")
        let writer = try await thread.run { [self] in
            try session.quota.value?.prepare(descriptor.size)
            return try ArrivingBlob(descriptor, file: pending())
        }
        do {
            for try await chunk in stream { try await thread.run { try writer.write(chunk) } }
            try await thread.run {
                try writer.finish()
                try writer.publish()
            }
        } catch {
            try? await thread.run { writer.discard() }
            throw StorageError.writing("blob `\(descriptor.digest)`", in: root, missing: writer.missing, error)
        }
    }

    /// Keeps `bytes` under their digest.
    @discardableResult
    package func put(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest.of(bytes)
        if try claim(digest) { return digest }
        do {
            let file = try pending()
            try file.write(bytes)
            try file.publish(as: digest.hex, durable: true)
        } catch {
            throw StorageError.writing("blob `\(digest)`", in: root, missing: Int64(bytes.count), error)
        }
        return digest
    }

    /// The bytes of a blob of at most `limit` bytes, verified.
    package func read(_ digest: Digest, limit: Int = 16 << 20) throws -> [UInt8] {
        guard let bytes = try StoreDirectory.read(path(of: digest), limit: limit) else {
            throw StorageError(.notFound, "blob `\(digest)` is not in the store")
        }
        guard Digest.of(bytes) == digest else {
            throw StorageError(.damaged, "blob `\(digest)` in `\(path(of: digest))` is damaged")
        }
        return bytes
    }

    /// The bytes of a blob as they lie on disk, not verified: whoever receives them verifies.
    package func stream(_ digest: Digest, from offset: Int64 = 0) throws -> BlobStream {
        guard let file = try StoreDirectory.open(path(of: digest)) else {
            throw StorageError(.notFound, "blob `\(digest)` is not in the store")
        }
        return BlobStream(reading: file, from: offset)
    }

    /// Removes a blob; one that a lease protects is an error, a missing one is not.
    package func remove(_ digest: Digest) throws {
        try Lease.removing(digest, at: path(of: digest), "blob `\(digest)`", of: root) {
            try StoreDirectory.remove(path(of: digest))
        }
    }

    /// Every blob here, in the order of digests.
    package func all() throws -> [Digest] {
        try StoreDirectory.names(in: directory).compactMap { Digest(hex: $0) }
    }

    func pending() throws -> PendingFile { try PendingFile(in: directory, session: session) }
}

extension BlobStream {
    /// The bytes of `file` from `offset` on, in pieces of a mebibyte.
    package init(reading file: SharedDescriptor, from offset: Int64 = 0) {
        let reader = FileReader(file, offset: offset)
        self.init { try await reader.next() }
    }
}

private actor FileReader {
    private let thread = BlockingThread(label: "read")
    private let file: SharedDescriptor
    private var offset: Int64

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ file: SharedDescriptor, offset: Int64) {
        self.file = file
        self.offset = offset
    }

    func next() throws -> [UInt8]? {
        let chunk = try file.read(upTo: 1 << 20, at: offset)
        offset += Int64(chunk.count)
        return chunk.isEmpty ? nil : chunk
    }
}
