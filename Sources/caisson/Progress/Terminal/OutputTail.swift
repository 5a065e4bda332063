/// The end of what a step wrote, and how much that was.
struct OutputTail: Sendable {
    private(set) var count = 0
    private var bytes: [UInt8] = []

    /// What is kept: more than a person reads below a failed step.
    static let limit = 64 << 10

    mutating func append(_ more: [UInt8]) {
        count += more.count
        bytes += more.suffix(Self.limit)
        if bytes.count > 2 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
    }

    var isWhole: Bool { count <= Self.limit }

    /// Every line that is kept; the first one is left out if its begin is lost.
    var lines: [PrintableText] {
        var kept = bytes.suffix(Self.limit)
        if !isWhole, let end = kept.firstIndex(of: UInt8(ascii: "\n")), kept.index(after: end) < kept.endIndex {
            kept = kept[kept.index(after: end)...]
        }
        if kept.last == UInt8(ascii: "\n") { kept.removeLast() }
        guard !kept.isEmpty else { return [] }
        return kept.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { PrintableText($0) }
    }

    /// The last line with something on it, finished or not.
    var lastLine: PrintableText? {
        var rest = bytes.suffix(Self.longestLine)[...]
        while !rest.isEmpty {
            let end = rest.lastIndex(of: UInt8(ascii: "\n"))
            let line = PrintableText(rest[(end.map { $0 + 1 } ?? rest.startIndex)...])
            if line.text.contains(where: { $0 != " " }) { return line }
            rest = end.map { rest[..<$0] } ?? []
        }
        return nil
    }

    /// Bytes to look for the last line in.
    private static let longestLine = 8 << 10
}
