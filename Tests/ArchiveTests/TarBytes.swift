import Archive

/// Archives made byte by byte: what no tar program would write.
struct TarBytes {
    private(set) var bytes: [UInt8] = []

    /// A header block with what a well-meaning writer would put; `change` spoils it before the checksum is made.
    mutating func header(
        _ name: String, type: Character = "0", size: Int = 0, link: String = "",
        change: (inout [UInt8]) -> Void = { _ in }
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(TarBytes.octal(size, digits: 11), at: 124)
        put("00000000000", at: 136)
        put(String(type), at: 156)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put("0000000", at: 329)
        put("0000000", at: 337)
        change(&block)
        append(sealed: block)
    }

    /// Appends `block` with its checksum.
    mutating func append(sealed block: [UInt8]) {
        var block = block
        block.replaceSubrange(148..<156, with: "        ".utf8)
        let sum = block.reduce(0) { $0 + Int($1) }
        block.replaceSubrange(148..<156, with: Array(TarBytes.octal(sum, digits: 6).utf8) + [0, 32])
        bytes += block
    }

    /// Content, padded.
    mutating func content(_ content: [UInt8]) {
        bytes += content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func file(_ name: String, _ text: String = "") {
        header(name, size: text.utf8.count)
        content(Array(text.utf8))
    }

    mutating func directory(_ name: String) { header(name, type: "5") }

    mutating func link(_ name: String, to target: String) { header(name, type: "1", link: target) }

    mutating func symbolicLink(_ name: String, to target: String) { header(name, type: "2", link: target) }

    /// An extended header with `records`.
    mutating func extended(_ records: [(String, String)], type: Character = "x") {
        let text = records.flatMap { TarBytes.record($0.0, Array($0.1.utf8)) }
        header("PaxHeaders/x", type: type, size: text.count)
        content(text)
    }

    mutating func gnuLong(_ type: Character, _ text: String) {
        header("././@LongLink", type: type, size: text.utf8.count + 1)
        content(Array(text.utf8) + [0])
    }

    mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = key.utf8.count + value.count + 3
        var length = rest + 1
        while "\(length)".utf8.count + rest != length { length = "\(length)".utf8.count + rest }
        return Array("\(length) \(key)=".utf8) + value + [10]
    }

    static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }

    static func made(_ make: (inout TarBytes) -> Void) -> [UInt8] {
        var tar = TarBytes()
        make(&tar)
        tar.end()
        return tar.bytes
    }
}

func entries(of bytes: [UInt8], limits: TarLimits = TarLimits()) throws -> [TarEntry] {
    var reader = TarReader(limits: limits)
    try reader.feed(bytes)
    try reader.finish()
    return reader.entries
}
