/// The text of one instruction with its continuation lines joined, and the way back to the places in the file.
struct LogicalLine {
    private struct Segment {
        let start: Int
        let source: Int
    }

    private(set) var bytes: [UInt8] = []
    private var segments: [Segment] = []
    var emptyContinuationLine: Int?
    let source: SourceText

    init(source: SourceText) {
        self.source = source
    }

    mutating func append(_ offsets: Range<Int>) {
        guard !offsets.isEmpty else { return }
        segments.append(Segment(start: bytes.count, source: offsets.lowerBound))
        bytes.append(contentsOf: source.bytes[offsets])
    }

    private func sourceOffset(_ offset: Int) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].start <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        return segments[low - 1].source + offset - segments[low - 1].start
    }

    func range(_ offsets: Range<Int>) -> SourceRange {
        guard !offsets.isEmpty else {
            // An empty place stands after the byte before it, which is on the line people look at.
            let before = offsets.lowerBound > 0 ? sourceOffset(offsets.lowerBound - 1) + 1 : sourceOffset(0)
            let position = source.position(of: before)
            let last = source.position(of: max(0, before - 1))
            let place =
                position.line == last.line
                ? position : SourcePosition(line: last.line, column: last.column + 1)
            return SourceRange(start: place, end: place)
        }
        return source.range(sourceOffset(offsets.lowerBound)..<sourceOffset(offsets.upperBound - 1) + 1)
    }

    func word(_ offsets: Range<Int>) -> Word {
        Word(bytes[offsets].text, range: range(offsets))
    }

    /// The part of `offsets` without white space at both ends.
    func trimmed(_ offsets: Range<Int>) -> Range<Int> {
        let part = bytes[offsets].trimmed
        return part.startIndex..<part.endIndex
    }
}
