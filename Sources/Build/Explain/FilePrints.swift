/// What is kept of a selection of too many files to list: 24 bits of each path and of what is there, enough to say which
/// of the files of a later build differ. The digest of the selection decides whether any does.
struct FilePrints: Hashable, Sendable {
    private static let mask: UInt32 = 0xFF_FFFF
    /// Of more files nothing is kept.
    private static let limit = 1 << 18

    private var files: [(path: UInt32, content: UInt32)] = []
    private var isFull = false

    mutating func add(_ path: some Sequence<UInt8>, _ content: some Sequence<UInt8>) {
        isFull = isFull || files.count == Self.limit
        if !isFull { files.append((Self.print(path), Self.print(content))) }
    }

    /// Empty if there were too many.
    var text: String {
        if isFull { return "" }
        var characters: [UInt8] = []
        characters.reserveCapacity(files.count * 8)
        for file in files { for part in [file.path, file.content] { Self.write(part, &characters) } }
        return String(decoding: characters, as: UTF8.self)
    }

    init() {}

    /// nil for what is no text of prints.
    init?(_ text: String) {
        let numbers = Array(text.utf8)
        guard !numbers.isEmpty, numbers.count.isMultiple(of: 8) else { return nil }
        files = stride(from: 0, to: numbers.count, by: 8).map { start in
            (Self.read(numbers[start..<start + 4]), Self.read(numbers[start + 4..<start + 8]))
        }
    }

    /// How `newer` differs: places in it of files that changed and of new ones, and how many are gone.
    func differences(to newer: FilePrints) -> (changed: [Int], new: [Int], gone: Int) {
        let known = Dictionary(files) { first, _ in first }
        var (changed, new): ([Int], [Int]) = ([], [])
        for (place, file) in newer.files.enumerated() {
            guard let content = known[file.path] else {
                new.append(place)
                continue
            }
            if content != file.content { changed.append(place) }
        }
        let remaining = Set(newer.files.map(\.path))
        return (changed, new, known.keys.count { !remaining.contains($0) })
    }

    static func == (a: FilePrints, b: FilePrints) -> Bool { a.text == b.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// FNV-1a: the same in every process.
    private static func print(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32) & mask
    }

    /// Six bits a character, from `0` on; none needs an escape in JSON but the backslash, which is moved.
    private static func write(_ part: UInt32, _ characters: inout [UInt8]) {
        for shift: UInt32 in [18, 12, 6, 0] {
            let character = UInt8(part >> shift & 0x3F) + UInt8(ascii: "0")
            characters.append(character == UInt8(ascii: "\\") ? UInt8(ascii: "/") : character)
        }
    }

    private static func read(_ characters: ArraySlice<UInt8>) -> UInt32 {
        characters.reduce(0) { part, character in
            let character = character == UInt8(ascii: "/") ? UInt8(ascii: "\\") : character
            return part << 6 | UInt32(character &- UInt8(ascii: "0")) & 0x3F
        }
    }
}
