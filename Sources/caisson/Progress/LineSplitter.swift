/// Cuts what a program writes into lines. A line too long to wait for comes in pieces.
package struct LineSplitter: Sendable {
    private static let limit = 1 << 16

    /// The begin of a line.
    package private(set) var rest: [UInt8] = []

    package init() {}

    /// The lines that `bytes` complete, without their ends.
    package mutating func add(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var remaining = bytes[...]
        while let end = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(rest.isEmpty ? remaining[..<end] : (rest + remaining[..<end])[...])
            rest = []
            remaining = remaining[(end + 1)...]
        }
        rest += remaining
        if rest.count > Self.limit {
            // A piece ends with a whole character.
            let end = rest.count - UTF8Decoder.unfinished(rest[...])
            lines.append(rest[..<end])
            rest = Array(rest[end...])
        }
        return lines
    }
}
