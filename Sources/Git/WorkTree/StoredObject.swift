internal import CCrypto
internal import CZlib
import Glibc
import Linux
import SystemPackage

/// An object of a repository as its files have it: deflated in a file of its own, or in a pack.
struct StoredObject {
    enum Kind: String {
        case commit
        case tree
        case blob
        case tag
    }

    let kind: Kind
    let content: [UInt8]

    /// Larger ones are not read. Commits are rarely larger than 1 KiB.
    private static let limit = 64 << 10

    /// Whether the content is what the name stands for.
    func hasName(_ id: ObjectID) -> Bool {
        let text = Array("\(kind.rawValue) \(content.count)\0".utf8) + content
        var digest = [UInt8](repeating: 0, count: id.byteCount)
        let isHashed = EVP_Digest(text, text.count, &digest, nil, id.byteCount == 20 ? EVP_sha1() : EVP_sha256(), nil)
        return isHashed == 1 && ObjectID(bytes: digest) == id
    }

    /// gitformat-loose: deflated `KIND SIZE NUL CONTENT`.
    init?(loose id: ObjectID, in objects: FilePath) {
        let path = objects.appending("\(id.hex.prefix(2))").appending("\(id.hex.dropFirst(2))")
        guard let bytes = try? FileContents.read(path, limit: Self.limit),
            let plain = Self.inflate(bytes, atMost: Self.limit),
            let end = plain.firstIndex(of: 0)
        else { return nil }
        let header = plain[..<end].split(separator: UInt8(ascii: " "))
        guard header.count == 2, let kind = Kind(rawValue: String(decoding: header[0], as: UTF8.self)) else {
            return nil
        }
        self.kind = kind
        content = Array(plain[(end + 1)...])
    }

    /// gitformat-pack: in the first pack of `directory` that has it, unless it is a delta there.
    init?(packed id: ObjectID, in directory: FilePath) {
        guard let folder = try? OwnedDescriptor.open(directory, flags: O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryListing.names(in: folder.rawValue)
        else { return nil }
        for name in names.map({ String(decoding: $0, as: UTF8.self) }) where name.hasSuffix(".idx") {
            let path = directory.appending(name)
            guard let index = PackIndex(path, nameLength: id.byteCount), let offset = index.offset(of: id) else {
                continue
            }
            let pack = directory.appending("\(name.dropLast(4)).pack")
            guard let object = StoredObject(in: pack, at: offset) else { return nil }
            self = object
            return
        }
        return nil
    }

    /// Kind and size, seven bits a byte, then the deflated content.
    private init?(in pack: FilePath, at offset: Int64) {
        var bytes = [UInt8](repeating: 0, count: Self.limit)
        guard let file = try? OwnedDescriptor.open(pack, flags: O_RDONLY | O_NONBLOCK),
            let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: offset) })
        else { return nil }
        bytes.removeLast(bytes.count - count)
        guard let first = bytes.first else { return nil }
        var size = Int(first & 0x0F)
        var position = 0
        while position < bytes.count, bytes[position] & 0x80 != 0 {
            position += 1
            guard position < bytes.count, position < 5 else { return nil }
            size |= Int(bytes[position] & 0x7F) << (7 * position - 3)
        }
        let kinds: [UInt8: Kind] = [1: .commit, 2: .tree, 3: .blob, 4: .tag]
        guard let kind = kinds[first >> 4 & 7], size <= Self.limit,
            let content = Self.inflate(Array(bytes[(position + 1)...]), atMost: size), content.count == size
        else { return nil }
        self.kind = kind
        self.content = content
    }

    /// One zlib stream, whatever follows it.
    private static func inflate(_ bytes: [UInt8], atMost limit: Int) -> [UInt8]? {
        var plain = [UInt8](repeating: 0, count: limit)
        var count = uLongf(limit)
        guard uncompress(&plain, &count, bytes, uLong(bytes.count)) == Z_OK else { return nil }
        plain.removeLast(limit - Int(count))
        return plain
    }
}
