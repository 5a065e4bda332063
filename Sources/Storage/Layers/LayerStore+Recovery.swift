import Archive
import Glibc
import Linux
import OCI
import SystemPackage

extension LayerStore {
    /// Removes indexes of layers that are not here. The caller keeps everybody from publishing a layer meanwhile.
    func removeOrphanedIndexes() throws {
        for name in try StoreDirectory.names(in: directory) where name.hasSuffix(".erofs") {
            guard let digest = Digest(hex: name.dropLast(6)), !contains(DiffID(digest)) else { continue }
            try StoreDirectory.remove(directory.appending(name))
        }
    }

    /// Tars, then indexes, that changed after `time`.
    func files(modifiedAfter time: Int) throws -> [FilePath] {
        try StoreDirectory.names(in: directory).sorted { $0.hasSuffix(".tar") && !$1.hasSuffix(".tar") }
            .map { directory.appending($0) }.filter { path in
                var status = stat()
                return lstat(path.string, &status) == 0 && status.st_mtim.tv_sec > time
            }
    }

    /// Whether a file of this directory is what its name says. The index of a chain cannot be told to be, and is made
    /// again when it is missing.
    func isIntact(_ path: FilePath) throws -> Bool {
        let digest = path.stem.flatMap { Digest(hex: $0) }
        switch (path.extension, digest) {
        case ("tar", let digest?): return try Digest(of: path) == digest
        case ("erofs", let digest?):
            guard contains(DiffID(digest)), let index = try? builtIndex(of: DiffID(digest)) else { return false }
            return try StoreDirectory.read(path, limit: LayerStore.indexLimit) == index
        case ("erofs", nil): return false
        default: return true
        }
    }
}

extension Digest {
    /// The digest of the content of a file.
    init(of path: FilePath) throws {
        let file = SharedDescriptor(try OwnedDescriptor.open(path, flags: O_RDONLY | O_NOFOLLOW))
        var hasher = SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
        self = hasher.finish()
    }
}
