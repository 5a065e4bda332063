/// The patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` is any run, `?` any character, everything else is itself.
struct ShellPattern {
    enum Side {
        case start
        case end
    }

    /// The pattern cut at its stars; nil in a segment is `?`. With `*a*b` the first segment is empty.
    private let segments: [[Unicode.Scalar?]]

    /// Nil when an escape stands before a character that needs none.
    init?(_ text: String, escape: Unicode.Scalar) {
        var segments: [[Unicode.Scalar?]] = []
        var segment: [Unicode.Scalar?] = []
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == escape {
                guard let escaped = scalars.next(),
                    escaped == escape || ["*", "?", "/", "}"].contains(escaped)
                else { return nil }
                segment.append(escaped)
            } else if scalar == "*" {
                segments.append(segment)
                segment = []
            } else {
                segment.append(scalar == "?" ? Unicode.Scalar?.none : scalar)
            }
        }
        self.segments = segments + [segment]
    }

    private init(segments: [[Unicode.Scalar?]]) {
        self.segments = segments
    }

    private var reversed: ShellPattern {
        ShellPattern(segments: segments.reversed().map { $0.reversed() })
    }

    /// The value without its shortest or longest match at one side.
    func strip(from side: Side, of value: String, longest: Bool) -> [UInt8] {
        let scalars = Array(value.unicodeScalars)
        switch side {
        case .start:
            guard let end = matchEnd(in: scalars, from: 0, longest: longest) else { return Array(value.utf8) }
            return Self.utf8(scalars[end...])
        case .end:
            let backwards = Array(scalars.reversed())
            guard let end = reversed.matchEnd(in: backwards, from: 0, longest: longest) else {
                return Array(value.utf8)
            }
            return Self.utf8(scalars[..<(scalars.count - end)])
        }
    }

    /// The value with the first or every longest match replaced; nil when the result passes `limit` bytes.
    func replace(in value: String, with replacement: String, all: Bool, limit: Int) -> [UInt8]? {
        let scalars = Array(value.unicodeScalars)
        var result: [UInt8] = []
        var position = 0
        while position < scalars.count {
            guard let match = firstMatch(in: scalars, from: position) else { break }
            result += Self.utf8(scalars[position..<match.lowerBound])
            result += replacement.utf8
            position = match.upperBound
            if !all || result.count > limit { break }
        }
        guard result.count <= limit else { return nil }
        return result + Self.utf8(scalars[position...])
    }

    private static func utf8(_ scalars: ArraySlice<Unicode.Scalar>) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in scalars { bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter }
        return bytes
    }

    /// The leftmost match that is not empty. The part after the first star depends on the place only through where it
    /// may begin, so once it fails it fails everywhere to the right, and the whole search stays linear.
    private func firstMatch(in text: [Unicode.Scalar], from start: Int) -> Range<Int>? {
        for position in start..<text.count where matches(segments[0], in: text, at: position) {
            if let end = matchEnd(in: text, from: position, longest: true) {
                if end > position { return position..<end }
            } else if segments.count > 1 {
                return nil
            }
        }
        return nil
    }

    /// Where a match that begins at `start` ends.
    private func matchEnd(in text: [Unicode.Scalar], from start: Int, longest: Bool) -> Int? {
        guard matches(segments[0], in: text, at: start) else { return nil }
        var position = start + segments[0].count
        for (index, segment) in segments.enumerated().dropFirst() {
            let isLast = index == segments.count - 1
            if segment.isEmpty {
                if isLast && longest { return text.count }
                continue
            }
            let places = position...max(position, text.count - segment.count)
            let found =
                isLast && longest
                ? places.last { matches(segment, in: text, at: $0) }
                : places.first { matches(segment, in: text, at: $0) }
            guard let found else { return nil }
            position = found + segment.count
        }
        return position
    }

    private func matches(_ segment: [Unicode.Scalar?], in text: [Unicode.Scalar], at position: Int) -> Bool {
        guard position + segment.count <= text.count else { return false }
        for (offset, expected) in segment.enumerated() {
            if let expected, expected != text[position + offset] { return false }
        }
        return true
    }
}
