import Glibc
import Linux
import SystemPackage

/// Where the objects of a pack begin (gitformat-pack, index version 2): a table of 256 counts by first byte, the sorted
/// names, their checksums, their offsets, and the offsets beyond 2 GiB.
struct PackIndex: ~Copyable {
    private let file: OwnedDescriptor
    private let nameLength: Int
    private let counts: [UInt8]

    private static let start = 8
    private static let tableLength = 4 * 256

    /// Nil for what is no such index.
    init?(_ path: FilePath, nameLength: Int) {
        guard let file = try? OwnedDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK),
            let head = try? file.read(count: Self.start + Self.tableLength, at: 0),
            head.starts(with: [0xFF, 0x74, 0x4F, 0x63, 0, 0, 0, 2])
        else { return nil }
        self.file = file
        self.nameLength = nameLength
        counts = Array(head[Self.start...])
    }

    /// In the pack; nil if the object is not in it.
    func offset(of id: ObjectID) -> Int64? {
        let name = id.bytes
        let first = Int(name[0])
        let all = count(255)
        var low = first == 0 ? 0 : count(first - 1)
        var high = count(first)
        guard low <= high, high <= all else { return nil }
        let names = Self.start + Self.tableLength
        while low < high {
            let middle = (low + high) / 2
            guard let other = read(nameLength, at: names + middle * nameLength) else { return nil }
            if other == name { return offset(number: middle, of: all) }
            if other.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private func count(_ byte: Int) -> Int { Self.number(counts[(4 * byte)..<(4 * byte + 4)]) }

    private func offset(number: Int, of all: Int) -> Int64? {
        let offsets = Self.start + Self.tableLength + all * (nameLength + 4)
        guard let bytes = read(4, at: offsets + 4 * number) else { return nil }
        let value = Self.number(bytes[...])
        guard value & 0x8000_0000 != 0 else { return Int64(value) }
        guard let long = read(8, at: offsets + 4 * all + 8 * (value & 0x7FFF_FFFF)) else { return nil }
        return Int64(exactly: long.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private func read(_ count: Int, at offset: Int) -> [UInt8]? { try? file.read(count: count, at: Int64(offset)) }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
