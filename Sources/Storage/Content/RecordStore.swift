import Glibc
package import OCI
import SystemPackage

/// Small records by key, each a file: what a build step resulted in, which blob a layer was made into.
///
/// A record is replaced atomically and ends with a checksum over key and content. A damaged one is as good as none: it
/// is removed when found. Nothing here is flushed to disk one by one; `Store.synchronize` is for that.
package final class RecordStore: Sendable {
    let directory: FilePath
    private let session: Session

    private static let limit = 16 << 20
    /// `sha256:`, 64 digits, line end.
    private static let trailerLength = 72

    init(directory: FilePath, session: Session) {
        self.directory = directory
        self.session = session
    }

    func path(of key: Digest) -> FilePath { folder(of: key).appending(key.hex) }

    private func folder(of key: Digest) -> FilePath { directory.appending(String(key.hex.prefix(2))) }

    /// nil for a missing record and for a damaged one.
    package func get(_ key: Digest) throws -> [UInt8]? {
        let path = path(of: key)
        guard let bytes = try StoreDirectory.read(path, limit: RecordStore.limit) else { return nil }
        if let content = RecordStore.content(of: bytes, key: key) { return content }
        try StoreDirectory.remove(path)
        return nil
    }

    package func put(_ content: [UInt8], for key: Digest, durable: Bool = false) throws {
        do {
            try StoreDirectory.create(folder(of: key))
            let file = try PendingFile(in: folder(of: key), session: session)
            try file.write(content + RecordStore.trailer(of: content, key: key))
            try file.publish(as: key.hex, durable: durable)
        } catch {
            throw StorageError.writing("record `\(key.hex)`", in: directory, missing: Int64(content.count), error)
        }
    }

    /// Says that the record was of use: what was of none for long goes first when room is made.
    package func noteUse(of key: Digest) throws { try FileUse.note(path(of: key), .modified) }

    /// A missing record is not an error.
    package func remove(_ key: Digest) throws { try StoreDirectory.remove(path(of: key)) }

    /// Every key, in the order of keys.
    package func keys() throws -> [Digest] {
        try StoreDirectory.names(in: directory).flatMap { folder in
            try StoreDirectory.names(in: directory.appending(folder)).compactMap { Digest(hex: $0) }
        }
    }

    /// The content of the file of a record; nil if it is damaged.
    static func content(of bytes: [UInt8], key: Digest) -> [UInt8]? {
        guard bytes.count >= trailerLength else { return nil }
        let content = Array(bytes.dropLast(trailerLength))
        return bytes.suffix(trailerLength).elementsEqual(trailer(of: content, key: key)) ? content : nil
    }

    private static func trailer(of content: [UInt8], key: Digest) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(key.bytes)
        hasher.update(content)
        return Array("\(hasher.finish())\n".utf8)
    }
}
