/// A place in a file. Lines and columns count from 1; columns count UTF-8 bytes, as compilers do.
package struct SourcePosition: Hashable, Sendable, Comparable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.line, a.column) < (b.line, b.column)
    }
}

/// What a word, an instruction or a mistake covers in its file; `end` is the position after the last byte.
package struct SourceRange: Hashable, Sendable {
    package let start: SourcePosition
    package let end: SourcePosition

    package init(start: SourcePosition, end: SourcePosition) {
        self.start = start
        self.end = end
    }

    package var firstLine: Int { start.line }
    package var lastLine: Int { end.line }
    package var lines: ClosedRange<Int> { start.line...max(start.line, end.line) }
}

/// A file's bytes with its line table. A leading byte order mark is not part of the text.
package struct SourceText: Sendable {
    package let name: String
    package let bytes: [UInt8]
    private let lineStarts: [Int]

    package init(_ bytes: [UInt8], name: String) {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes[3...]) : bytes
        var starts: [Int] = text.isEmpty ? [] : [0]
        for (offset, byte) in text.enumerated() where byte == UInt8(ascii: "\n") && offset + 1 < text.count {
            starts.append(offset + 1)
        }
        self.name = name
        self.bytes = text
        self.lineStarts = starts
    }

    package init(_ text: String, name: String) {
        self.init(Array(text.utf8), name: name)
    }

    package var lineCount: Int { lineStarts.count }

    /// Whether it begins with a byte order mark of UTF-16.
    var isUTF16: Bool { bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) }

    /// The offsets of a line (from 1) with its line ending.
    package func offsets(ofLine line: Int) -> Range<Int> {
        lineStarts[line - 1]..<(line < lineStarts.count ? lineStarts[line] : bytes.count)
    }

    /// The offsets of a line (from 1) without its line ending, be it LF or CRLF.
    package func contentOffsets(ofLine line: Int) -> Range<Int> {
        let whole = offsets(ofLine: line)
        var end = whole.upperBound
        if end > whole.lowerBound, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        while end > whole.lowerBound, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return whole.lowerBound..<end
    }

    package func contents(ofLine line: Int) -> ArraySlice<UInt8> {
        bytes[contentOffsets(ofLine: line)]
    }

    package func position(of offset: Int) -> SourcePosition {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return SourcePosition(line: 1, column: 1) }
        return SourcePosition(line: low, column: offset - lineStarts[low - 1] + 1)
    }

    package func range(_ offsets: Range<Int>) -> SourceRange {
        let start = position(of: offsets.lowerBound)
        guard !offsets.isEmpty else { return SourceRange(start: start, end: start) }
        let last = position(of: offsets.upperBound - 1)
        return SourceRange(start: start, end: SourcePosition(line: last.line, column: last.column + 1))
    }

    /// The whole of some lines, without the last line ending.
    package func range(lines: ClosedRange<Int>) -> SourceRange {
        let last = contentOffsets(ofLine: lines.upperBound)
        return SourceRange(
            start: SourcePosition(line: lines.lowerBound, column: 1),
            end: SourcePosition(line: lines.upperBound, column: last.count + 1))
    }
}
