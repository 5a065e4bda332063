/// Writes the headers of canonical layers: layer contract 1, rule 8.
///
/// A ustar header where everything fits; otherwise one extended header with exactly the records that do not fit, in
/// bytewise order of their keys, before it. A function of the entry alone: equal entries give equal bytes.
package enum TarHeader {
    /// What ends an archive.
    package static let end = [UInt8](repeating: 0, count: 2 * Tar.blockSize)

    /// Appends the header blocks of `entry`; content and padding follow from whoever has them. A file is written dense:
    /// its `size` bytes, whatever its segments. Attribute names with `=` or a line end have no form in an archive.
    /// Layers have whole seconds; `keepsFractions` is for archives of other trees.
    package static func append(
        _ entry: TarEntry, keepsFractions: Bool = false, to bytes: inout [UInt8]
    ) throws(ArchiveError) {
        var name = entry.path.bytes
        if entry.path.isRoot { name = Array("./".utf8) } else if entry.isDirectory { name.append(UInt8(ascii: "/")) }

        var block = HeaderBlock()
        var records: [Record] = []
        if let split = split(name) {
            block.set(Tar.Field.prefix, name[..<split.prefixEnd])
            block.set(Tar.Field.name, name[split.nameStart...])
        } else {
            records.append(Record("path", name))
            block.set(Tar.Field.name, name.prefix(100))
        }
        if let target = linkName(of: entry.kind) {
            if target.count > 100 { records.append(Record("linkpath", target)) }
            block.set(Tar.Field.linkName, target.prefix(100))
        }
        block.set(Tar.Field.mode, octal: Int64(entry.mode & 0o7777))
        set(Tar.Field.uid, "uid", Int64(entry.uid), in: &block, or: &records)
        set(Tar.Field.gid, "gid", Int64(entry.gid), in: &block, or: &records)
        set(Tar.Field.size, "size", size(of: entry.kind), in: &block, or: &records)
        if keepsFractions, let text = entry.modified.fractional {
            block.set(Tar.Field.modified, octal: 0)
            records.append(Record("mtime", Array(text.utf8)))
        } else {
            set(Tar.Field.modified, "mtime", entry.modified.seconds, in: &block, or: &records)
        }
        for attribute in entry.attributes {
            if attribute.name.contains(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\n") || $0 == 0 }) {
                throw ArchiveError(
                    .unsupported,
                    "`\(entry.path)`: the attribute `\(String(decoding: attribute.name, as: UTF8.self))` "
                        + "cannot be stored in an archive")
            }
            records.append(Record("SCHILY.xattr.", attribute.name, attribute.value))
        }
        let (major, minor) = device(of: entry.kind)
        block.set(Tar.Field.deviceMajor, octal: Int64(major))
        block.set(Tar.Field.deviceMinor, octal: Int64(minor))

        if !records.isEmpty { append(records, before: entry.path, to: &bytes) }
        block.finish(type: type(of: entry.kind))
        bytes += block.bytes
    }

    /// Where a name that does not fit into 100 bytes is cut at a slash: as late as the prefix field allows. nil if it
    /// fits neither way.
    private static func split(_ name: [UInt8]) -> (prefixEnd: Int, nameStart: Int)? {
        if name.count <= 100 { return (0, 0) }
        // The slash at the end of a directory's name is no place to cut.
        let last = min(name.count - 1, 156)
        guard let slash = name[..<last].lastIndex(of: UInt8(ascii: "/")), slash > 0, name.count - slash - 1 <= 100
        else {
            return nil
        }
        return (slash, slash + 1)
    }

    private static func set(
        _ field: Range<Int>, _ key: String, _ value: Int64, in block: inout HeaderBlock, or records: inout [Record]
    ) {
        if value >= 0, value < 1 << (3 * (Int64(field.count) - 1)) {
            block.set(field, octal: value)
        } else {
            block.set(field, octal: 0)
            records.append(Record(key, Array(String(value).utf8)))
        }
    }

    private static func append(_ records: [Record], before path: EntryPath, to bytes: inout [UInt8]) {
        let content = records.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap(\.bytes)
        var block = HeaderBlock()
        let base = path.isRoot ? [UInt8(ascii: ".")][...] : path.name
        block.set(Tar.Field.name, Array("PaxHeaders/".utf8) + base.prefix(80))
        block.set(Tar.Field.mode, octal: 0o644)
        for field in [Tar.Field.uid, Tar.Field.gid, Tar.Field.modified, Tar.Field.deviceMajor, Tar.Field.deviceMinor] {
            block.set(field, octal: 0)
        }
        block.set(Tar.Field.size, octal: Int64(content.count))
        block.finish(type: Tar.TypeFlag.extendedHeader)
        bytes += block.bytes
        bytes += content
        bytes += [UInt8](repeating: 0, count: Int(Tar.padded(Int64(content.count))) - content.count)
    }

    private static func type(of kind: TarEntry.Kind) -> UInt8 {
        switch kind {
        case .file: Tar.TypeFlag.file
        case .directory: Tar.TypeFlag.directory
        case .symbolicLink: Tar.TypeFlag.symbolicLink
        case .hardLink: Tar.TypeFlag.hardLink
        case .characterDevice: Tar.TypeFlag.characterDevice
        case .blockDevice: Tar.TypeFlag.blockDevice
        case .fifo: Tar.TypeFlag.fifo
        }
    }

    private static func linkName(of kind: TarEntry.Kind) -> [UInt8]? {
        switch kind {
        case .symbolicLink(let target): target
        case .hardLink(let target): target.bytes
        default: nil
        }
    }

    private static func size(of kind: TarEntry.Kind) -> Int64 {
        if case .file(let size, _, _) = kind { size } else { 0 }
    }

    private static func device(of kind: TarEntry.Kind) -> (UInt32, UInt32) {
        switch kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): (major, minor)
        default: (0, 0)
        }
    }
}

extension Timestamp {
    /// Seconds with their fraction; nil if there is none, or it lies before 1970, where programs disagree about signs.
    fileprivate var fractional: String? {
        guard nanoseconds > 0, seconds >= 0 else { return nil }
        return "\(seconds).\(String(1_000_000_000 + nanoseconds).dropFirst())"
    }
}

/// One record of an extended header: `<length> <key>=<value>\n`, where the length counts itself.
private struct Record {
    let key: [UInt8]
    private let value: [UInt8]

    init(_ key: String, _ value: [UInt8]) { self.init(key, [], value) }

    init(_ prefix: String, _ name: [UInt8], _ value: [UInt8]) {
        key = Array(prefix.utf8) + name
        self.value = value
    }

    var bytes: [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + 1
        while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
        return Array(String(length).utf8) + [UInt8(ascii: " ")] + key + [UInt8(ascii: "=")] + value + [
            UInt8(ascii: "\n")
        ]
    }
}

/// A header block in the making.
private struct HeaderBlock {
    private(set) var bytes = [UInt8](repeating: 0, count: Tar.blockSize)

    mutating func set(_ field: Range<Int>, _ text: some Collection<UInt8>) {
        bytes.replaceSubrange(field.lowerBound..<field.lowerBound + text.count, with: text)
    }

    /// Zero-padded digits and a zero byte.
    mutating func set(_ field: Range<Int>, octal value: Int64) {
        var rest = value
        for index in (field.lowerBound..<field.upperBound - 1).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest & 7)
            rest >>= 3
        }
        bytes[field.upperBound - 1] = 0
    }

    mutating func finish(type: UInt8) {
        bytes[Tar.Field.type] = type
        set(Tar.Field.magic, Array("ustar\u{0}00".utf8))
        var sum = Int64(bytes.withUnsafeBytes { Tar.checksum($0) })
        for index in (Tar.Field.checksum.lowerBound..<Tar.Field.checksum.lowerBound + 6).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(sum & 7)
            sum >>= 3
        }
        bytes[Tar.Field.checksum.upperBound - 2] = 0
        bytes[Tar.Field.checksum.upperBound - 1] = UInt8(ascii: " ")
    }
}
