/// Reads a regular expression.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var isMultiline = false
    private var dotTakesNewline = false
    private(set) var names: [String?] = []

    static let wordSet = TextPattern.CharacterSet(
        ranges: [range("0", "9"), range("A", "Z"), range("_", "_"), range("a", "z")])

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private static func range(_ low: Unicode.Scalar, _ high: Unicode.Scalar) -> ClosedRange<UInt32> {
        low.value...high.value
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private func error(_ message: String) -> PatternError {
        PatternError(message: "\(message) at character \(position + 1) of the expression")
    }

    mutating func pattern() throws(PatternError) -> TextPattern.Node {
        let node = try choice()
        guard next == nil else { throw error("unexpected `)`") }
        return node
    }

    private mutating func choice() throws(PatternError) -> TextPattern.Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 50 else { throw error("groups are nested too deep") }
        var choices = [try sequence()]
        while take("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(PatternError) -> TextPattern.Node {
        var nodes: [TextPattern.Node] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repeated(try atom())) }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    // MARK: Repetition

    private mutating func repeated(_ atom: TextPattern.Node) throws(PatternError) -> TextPattern.Node {
        let low: Int
        let high: Int?
        switch next {
        case "*"?: (low, high) = (0, nil)
        case "+"?: (low, high) = (1, nil)
        case "?"?: (low, high) = (0, 1)
        case "{"?:
            guard let bounds = bounds() else { return atom }
            (low, high) = bounds
            guard low <= 1000, high ?? 0 <= 1000, high ?? low >= low else { throw error("bad repetition") }
            return .repeat(atom, low, high, isGreedy: !take("?"))
        default: return atom
        }
        position += 1
        let node = TextPattern.Node.repeat(atom, low, high, isGreedy: !take("?"))
        if let next, "*+?".unicodeScalars.contains(next) { throw error("nothing to repeat") }
        return node
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is text.
    private mutating func bounds() -> (Int, Int?)? {
        let start = position
        position += 1
        if let low = number() {
            if take("}") { return (low, low) }
            if take(",") {
                if take("}") { return (low, nil) }
                if let high = number(), take("}") { return (low, high) }
            }
        }
        position = start
        return nil
    }

    private mutating func number() -> Int? {
        let start = position
        while let next, ("0"..."9").contains(next) { position += 1 }
        return Int(String(String.UnicodeScalarView(scalars[start..<position])))
    }

    // MARK: Atoms

    private mutating func atom() throws(PatternError) -> TextPattern.Node {
        guard let scalar = next else { return .empty }
        switch scalar {
        case "(": return try group()
        case "[": return .set(cased(try set()))
        case ".":
            position += 1
            return .set(TextPattern.CharacterSet(ranges: dotTakesNewline ? [] : [10...10], isNegated: true))
        case "^":
            position += 1
            return isMultiline ? .lineStart : .textStart
        case "$":
            position += 1
            return isMultiline ? .lineEnd : .textEnd
        case "*", "+", "?": throw error("nothing to repeat")
        case "\\": return try escape()
        default:
            position += 1
            return .set(cased(TextPattern.CharacterSet(ranges: [Self.range(scalar, scalar)])))
        }
    }

    private mutating func group() throws(PatternError) -> TextPattern.Node {
        position += 1
        let flags = (ignoresCase, isMultiline, dotTakesNewline)
        var number: Int?
        if take("?") {
            if take("P") || next == "<" {
                guard take("<") else { throw error("expected `<`") }
                names.append(try name())
                number = names.count
            } else if try !takeFlags() {
                return .empty
            }
        } else {
            names.append(nil)
            number = names.count
        }
        let node = try choice()
        guard take(")") else { throw error("a group does not end") }
        (ignoresCase, isMultiline, dotTakesNewline) = flags
        return number.map { .group(node, $0) } ?? node
    }

    private mutating func name() throws(PatternError) -> String {
        let start = position
        while let next, Self.wordSet.contains(next.value) { position += 1 }
        let name = String(String.UnicodeScalarView(scalars[start..<position]))
        guard !name.isEmpty, take(">"), !names.contains(name) else { throw error("bad name of a group") }
        return name
    }

    /// `(?i)` and `(?i:`; false if the group ends with them.
    private mutating func takeFlags() throws(PatternError) -> Bool {
        var value = true
        while let flag = next {
            position += 1
            switch flag {
            case "i": ignoresCase = value
            case "m": isMultiline = value
            case "s": dotTakesNewline = value
            case "-": value = false
            case ":": return true
            case ")": return false
            default: throw error("unknown flag")
            }
        }
        throw error("a group does not end")
    }

    private func cased(_ set: TextPattern.CharacterSet) -> TextPattern.CharacterSet {
        guard ignoresCase else { return set }
        var result = set
        for (from, to) in [(UInt32(65), UInt32(97)), (97, 65)] {
            for range in set.ranges {
                let (low, high) = (max(range.lowerBound, from), min(range.upperBound, from + 25))
                if low <= high { result.ranges.append(low - from + to...high - from + to) }
            }
        }
        return result
    }

    // MARK: Escapes and sets

    private mutating func escape() throws(PatternError) -> TextPattern.Node {
        position += 1
        guard let scalar = next else { throw error("the escape is cut off") }
        switch scalar {
        case "b", "B", "A", "z":
            position += 1
            return scalar == "b" ? .wordEdge : scalar == "B" ? .noWordEdge : scalar == "A" ? .textStart : .textEnd
        default: return .set(cased(try escapedSet()))
        }
    }

    private mutating func escapedSet() throws(PatternError) -> TextPattern.CharacterSet {
        guard let scalar = next else { throw error("the escape is cut off") }
        position += 1
        switch scalar {
        case "d", "D": return .init(ranges: [Self.range("0", "9")], isNegated: scalar == "D")
        case "w", "W": return .init(ranges: Self.wordSet.ranges, isNegated: scalar == "W")
        case "s", "S": return .init(ranges: [9...10, 12...13, 32...32], isNegated: scalar == "S")
        case "n": return .init(ranges: [10...10])
        case "t": return .init(ranges: [9...9])
        case "r": return .init(ranges: [13...13])
        case "f": return .init(ranges: [12...12])
        case "v": return .init(ranges: [11...11])
        case "x": return .init(ranges: [try hexadecimal()])
        default:
            guard !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                throw error("unknown escape `\\\(Character(scalar))`")
            }
            return .init(ranges: [Self.range(scalar, scalar)])
        }
    }

    private mutating func hexadecimal() throws(PatternError) -> ClosedRange<UInt32> {
        let isLong = take("{")
        let start = position
        while let next, next.properties.isASCIIHexDigit, isLong || position < start + 2 { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        guard let value = UInt32(text, radix: 16), !isLong || take("}") else { throw error("bad hexadecimal escape") }
        return value...value
    }

    private static let classes: [String: [ClosedRange<UInt32>]] = [
        "alpha": [65...90, 97...122], "digit": [48...57], "alnum": [48...57, 65...90, 97...122], "upper": [65...90],
        "lower": [97...122], "space": [9...13, 32...32], "punct": [33...47, 58...64, 91...96, 123...126],
        "word": wordSet.ranges, "xdigit": [48...57, 65...70, 97...102], "blank": [9...9, 32...32],
    ]

    private mutating func set() throws(PatternError) -> TextPattern.CharacterSet {
        position += 1
        var set = TextPattern.CharacterSet(isNegated: take("^"))
        var isFirst = true
        while let scalar = next, isFirst || scalar != "]" {
            isFirst = false
            if scalar == "[", position + 1 < scalars.count, scalars[position + 1] == ":" {
                set.ranges += try namedClass()
                continue
            }
            let low = try member()
            guard low.ranges.count == 1, low.ranges[0].count == 1, next == "-", position + 1 < scalars.count,
                scalars[position + 1] != "]"
            else {
                set.ranges += low.isNegated ? Self.complement(of: low.ranges) : low.ranges
                continue
            }
            position += 1
            let high = try member()
            guard high.ranges.count == 1, low.ranges[0].lowerBound <= high.ranges[0].upperBound else {
                throw error("bad range")
            }
            set.ranges.append(low.ranges[0].lowerBound...high.ranges[0].upperBound)
        }
        guard take("]") else { throw error("a set does not end") }
        return set
    }

    private mutating func member() throws(PatternError) -> TextPattern.CharacterSet {
        if take("\\") { return try escapedSet() }
        guard let scalar = next else { throw error("a set does not end") }
        position += 1
        return .init(ranges: [Self.range(scalar, scalar)])
    }

    private mutating func namedClass() throws(PatternError) -> [ClosedRange<UInt32>] {
        position += 2
        let isNegated = take("^")
        let start = position
        while let next, next != ":" { position += 1 }
        let name = String(String.UnicodeScalarView(scalars[start..<position]))
        guard take(":"), take("]"), let ranges = Self.classes[name] else { throw error("unknown class") }
        return isNegated ? Self.complement(of: ranges) : ranges
    }

    private static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        return result + [next...0x10ffff]
    }
}
