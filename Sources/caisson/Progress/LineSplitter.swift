/// Cuts what a program writes into lines. A line too long to wait for comes in pieces.
struct LineSplitter {
    private static let limit = 1 << 16

    /// The begin of a line.
    private(set) var rest: [UInt8] = []

    /// The lines that `bytes` complete, without their ends.
    mutating func add(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var remaining = bytes[...]
        while let end = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(rest.isEmpty ? remaining[..<end] : (rest + remaining[..<end])[...])
            rest = []
            remaining = remaining[(end + 1)...]
        }
        rest += remaining
        if rest.count > Self.limit {
            lines.append(rest[...])
            rest = []
        }
        return lines
    }
}
