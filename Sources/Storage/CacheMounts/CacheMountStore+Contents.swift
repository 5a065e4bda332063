import Archive
import Glibc
package import Linux
package import OCI
import SystemPackage

/// A cache in the store, for people.
package struct CacheMountItem: Sendable {
    package let id: CacheMountID
    /// Bytes that all its copies take on disk.
    package let size: Int64
    package let copies: Int
    /// Seconds since 1970.
    package let lastUsed: Int64
    package let isInUse: Bool
}

extension CacheMountStore {
    /// All caches, in the order of their names. Blocks for long on large ones.
    package func all() throws -> [CacheMountItem] {
        var items: [CacheMountItem] = []
        for name in try StoreDirectory.names(in: directory) {
            guard let digest = Digest(hex: name), let item = try item(of: digest) else { continue }
            items.append(item)
        }
        return items.sorted { ($0.id.name, $0.id.digest.hex) < ($1.id.name, $1.id.digest.hex) }
    }

    private func item(of cache: Digest) throws -> CacheMountItem? {
        let folder = folderPath(of: cache)
        guard let bytes = try StoreDirectory.read(folder.appending(Self.description), limit: 1 << 16),
            let id = (try? JSON(parsing: bytes)).flatMap({ CacheMountID($0) }), let file = try DiskFile(folder)
        else { return nil }
        let copies = try StoreDirectory.names(in: folder).count { Int($0) != nil }
        let isInUse = try FileLock.take(lockPath(of: cache), .exclusive) == nil
        return CacheMountItem(
            id: id, size: try DiskUsage.of(folder), copies: copies, lastUsed: file.modified, isInUse: isInUse)
    }

    /// Writes the cache as a tar to `file`, while nobody else has it. Of several copies the first one. `waiting` is
    /// called once if somebody uses it.
    package func export(
        _ id: CacheMountID, to file: SharedDescriptor, waiting: @Sendable () -> Void = {}
    ) async throws -> ArchiveSummary {
        let lease = try await take(id, .locked, waiting: waiting)
        return try await BlockingThread(label: "cache-export").run {
            defer { withExtendedLifetime(lease) {} }
            return try CacheMountArchive.write(lease.directory, to: file)
        }
    }

    /// Replaces the cache, or makes it, by what the tar in `source` holds, of any compression. Nothing has changed if
    /// the archive is damaged, or has another digest than `expected`.
    package func replace(
        _ id: CacheMountID, by source: SharedDescriptor, expecting expected: Digest? = nil,
        waiting: @Sendable () -> Void = {}
    ) async throws -> ArchiveSummary {
        let (file, summary) = try await BlockingThread(label: "cache-import").run { [directory] in
            let place = SharedDescriptor(try OwnedDescriptor.open(directory, flags: OpenFlags.directory))
            return try Self.decompress(source, to: .temporary(on: place), expecting: expected)
        }
        _ = try await take(
            id, .locked, renewing: true, fill: { try CacheMountArchive.unpack(file, below: $0) }, waiting: waiting)
        return summary
    }

    private static func decompress(
        _ source: SharedDescriptor, to file: SharedDescriptor, expecting expected: Digest?
    ) throws -> (SharedDescriptor, ArchiveSummary) {
        let decompressor = Decompressor()
        var reader = TarReader()
        var hasher = SHA256Hasher()
        func drain() throws {
            while true {
                var failure: ArchiveError?
                let piece = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                    do throws(ArchiveError) {
                        count = try decompressor.pull(into: UnsafeMutableRawBufferPointer(buffer))
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                if piece.isEmpty { return }
                try reader.feed(piece)
                try file.write(piece)
                hasher.update(piece)
            }
        }
        do {
            while true {
                let chunk = try source.readNext(upTo: 1 << 20)
                if chunk.isEmpty { break }
                decompressor.push(chunk)
                try drain()
            }
            decompressor.finish()
            try drain()
            try reader.finish()
        } catch let error as ArchiveError {
            throw StorageError(.invalidLayer, "the archive of the cache cannot be read", cause: error)
        }
        // Tar programs take it for an archive; here it is a pipe whose beginning failed.
        guard try file.size() > 0 else { throw StorageError(.invalidLayer, "the archive of the cache is empty") }
        let digest = hasher.finish()
        if let expected, digest != expected {
            throw StorageError(.contentMismatch, "the archive has the digest `\(digest)`, not `\(expected)`")
        }
        return (file, ArchiveSummary(digest: digest, size: try file.size(), entries: reader.entries.count))
    }

    /// Removes a cache with all its copies; one that somebody uses is an error, a missing one is not.
    package func remove(_ cache: Digest) throws {
        guard let lock = try FileLock.take(lockPath(of: cache), .exclusive) else {
            throw StorageError(.inUse, "cannot remove the cache `\(cache.hex.prefix(12))`: a running step uses it")
        }
        let aside = directory.appending(try session.temporaryName())
        if rename(folderPath(of: cache).string, aside.string) != 0, errno != ENOENT {
            throw StorageError(
                .system, "cannot remove the cache `\(cache.hex.prefix(12))`",
                cause: SystemError("move aside", folderPath(of: cache).string))
        }
        withExtendedLifetime(lock) {}
        try FileRemoval.removeAll(aside)
    }
}
