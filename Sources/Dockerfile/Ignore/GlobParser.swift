/// `[a-z]` and `[^a-z]`.
struct CharacterClass: Hashable, Sendable {
    let isNegated: Bool
    let ranges: [ClosedRange<Unicode.Scalar>]

    func contains(_ sequence: ArraySlice<UInt8>) -> Bool {
        let scalar = sequence.text.unicodeScalars.first ?? "\u{FFFD}"
        return ranges.contains { $0.contains(scalar) } != isNegated
    }
}

/// Reads the text of a `GlobPattern`.
struct GlobParser {
    private let bytes: [UInt8]
    private let doubleStar: GlobPattern.DoubleStar
    private var position = 0

    init(_ bytes: [UInt8], doubleStar: GlobPattern.DoubleStar) {
        self.bytes = bytes
        self.doubleStar = doubleStar
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Nil when the pattern is malformed.
    mutating func parse() -> [GlobPattern.Element]? {
        var elements: [GlobPattern.Element] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "*"):
                let element = star()
                // A star after a star, or `**/` after `**/`, takes nothing the first could not.
                if element != elements.last { elements.append(element) }
            case UInt8(ascii: "?"): elements.append(.anyCharacter)
            case UInt8(ascii: "["):
                guard let set = characterClass() else { return nil }
                elements.append(.set(set))
            case .backslash:
                guard let escaped = next else { return nil }
                position += 1
                elements.append(.byte(escaped))
            default: elements.append(.byte(byte))
            }
        }
        return elements
    }

    private mutating func star() -> GlobPattern.Element {
        guard next == UInt8(ascii: "*"), doubleStar == .recursive else { return .star }
        position += 1
        guard next != nil else { return .rest }
        if next == .slash { position += 1 }
        return next == nil ? .rest : .components
    }

    private mutating func characterClass() -> CharacterClass? {
        let isNegated = next == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        repeat {
            guard let low = classMember() else { return nil }
            var high = low
            if next == UInt8(ascii: "-") {
                position += 1
                guard let end = classMember() else { return nil }
                high = end
            }
            guard low <= high else { return nil }
            ranges.append(low...high)
        } while next != UInt8(ascii: "]")
        position += 1
        return CharacterClass(isNegated: isNegated, ranges: ranges)
    }

    /// One character, which must be escaped to be `]` or `-`.
    private mutating func classMember() -> Unicode.Scalar? {
        guard var byte = next, byte != UInt8(ascii: "]"), byte != UInt8(ascii: "-") else { return nil }
        if byte == .backslash {
            position += 1
            guard let escaped = next else { return nil }
            byte = escaped
        }
        let scalar = bytes[position..<min(position + 4, bytes.count)].text.unicodeScalars.first ?? "\u{FFFD}"
        position += byte < 0x80 || scalar == "\u{FFFD}" ? 1 : UTF8.width(scalar)
        return scalar
    }
}
