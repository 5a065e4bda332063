internal import CGit2

/// An object as a file of its own (gitformat-loose: a zlib stream of `type size NUL content`), the bytes a function of
/// the object alone: the content is stored rather than deflated, so no version of a compressor shows in it.
package struct LooseObject: Hashable, Sendable {
    package let id: ObjectID
    /// `commit`, `tree` or `blob`.
    package let kind: String
    /// Of the content.
    package let size: Int

    package init(id: ObjectID, kind: String, size: Int) {
        self.id = id
        self.kind = kind
        self.size = size
    }

    /// Below the repository's directory.
    package var path: String { "objects/\(id.hex.prefix(2))/\(id.hex.dropFirst(2))" }

    private var header: [UInt8] { Array("\(kind) \(size)\0".utf8) }

    private static let blockSize = 65535

    /// Bytes of the file.
    package var fileSize: Int {
        let count = header.count + size
        let blocks = max(1, (count + Self.blockSize - 1) / Self.blockSize)
        return 2 + 5 * blocks + count + 4
    }

    /// The file; `content` has `size` bytes.
    package func file(_ content: [UInt8]) -> [UInt8] {
        let plain = header + content
        var file: [UInt8] = []
        file.reserveCapacity(fileSize)
        file += [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(plain.count, start + Self.blockSize)
            let length = UInt16(end - start)
            file.append(end == plain.count ? 1 : 0)
            for value in [length, ~length] { file += [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
            file += plain[start..<end]
            start = end
        } while start < plain.count
        let sum = Self.adler32(plain)
        for shift in [24, 16, 8, 0] as [UInt32] { file.append(UInt8(truncatingIfNeeded: sum >> shift)) }
        return file
    }

    /// RFC 1950's checksum.
    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var a: UInt32 = 1
        var b: UInt32 = 0
        var index = 0
        while index < bytes.count {
            // As many as cannot overflow.
            let end = min(bytes.count, index + 5552)
            for byte in bytes[index..<end] {
                a &+= UInt32(byte)
                b &+= a
            }
            a %= 65521
            b %= 65521
            index = end
        }
        return b << 16 | a
    }
}

extension GitRepository {
    /// What is stored under `id`.
    package func looseObject(_ id: ObjectID) throws(GitError) -> LooseObject {
        let (size, type) = try header(id)
        let kinds = [GIT_OBJECT_COMMIT: "commit", GIT_OBJECT_TREE: "tree", GIT_OBJECT_BLOB: "blob"]
        guard let kind = kinds[type] else { throw GitError(.hostileTree, "object \(id) is of an unexpected type") }
        return LooseObject(id: id, kind: kind, size: size)
    }

    /// The object's content; more than `limit` bytes is an error.
    package func content(of object: LooseObject, limit: Int) throws(GitError) -> [UInt8] {
        let types = ["commit": GIT_OBJECT_COMMIT, "tree": GIT_OBJECT_TREE]
        return try bytes(object.id, types[object.kind] ?? GIT_OBJECT_BLOB, object.kind, limit: limit)
    }
}
