/// One pass over a word or a here-document body.
struct WordScanner {
    private let bytes: [UInt8]
    private let escape: UInt8
    private let readsQuotes: Bool
    private let lookup: (String) -> String?
    private var position = 0
    private var depth = 0
    /// Bytes of values that may still be looked at; a bound on the time one word can take.
    private var allowance = 64 * WordExpander.maximumLength
    /// Above 0 in a branch that is read but not taken, as the default of a variable that is set.
    private var skipped = 0
    private var known: [String: Bool] = [:]
    private(set) var used: [String] = []

    var unset: [String] { used.filter { known[$0] == false } }

    init(_ text: String, escape: UInt8, readsQuotes: Bool = true, lookup: @escaping (String) -> String?) {
        bytes = Array(text.utf8)
        self.escape = escape
        self.readsQuotes = readsQuotes
        self.lookup = lookup
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    // MARK: Text and quotes

    /// Reads up to an unquoted `stop`, or to the end without one. In patterns escapes are kept: they are read later.
    mutating func word(until stop: UInt8?, keepsEscapes: Bool = false) throws(ExpansionError) -> ExpandedText {
        var text = ExpandedText()
        while let byte = next {
            if byte == stop {
                position += 1
                return text
            }
            switch byte {
            case UInt8(ascii: "'") where readsQuotes: text.append(quoted: try singleQuoted())
            case UInt8(ascii: "\"") where readsQuotes: text.append(quoted: try doubleQuoted())
            case UInt8(ascii: "$"): text.append(unquoted: try variable())
            case escape:
                position += 1
                if keepsEscapes { text.append(quoted: CollectionOfOne(byte)) }
                if let escaped = next {
                    text.append(quoted: CollectionOfOne(escaped))
                    position += 1
                }
            default:
                text.append(unquoted: CollectionOfOne(byte))
                position += 1
            }
            try checkLength(text.value)
        }
        guard let stop else { return text }
        throw error(
            "missing `\(Unicode.Scalar(stop))`", at: bytes.count, hint: "white space ends a word that has no quotes")
    }

    private mutating func singleQuoted() throws(ExpansionError) -> ArraySlice<UInt8> {
        let start = position
        guard let end = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "'")) else {
            throw error("the single quote is not closed", at: start)
        }
        position = end + 1
        return bytes[(start + 1)..<end]
    }

    private mutating func doubleQuoted() throws(ExpansionError) -> [UInt8] {
        let start = position
        var text: [UInt8] = []
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "$"):
                text += try variable()
            case escape:
                position += 1
                if let escaped = next,
                    escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "$") || escaped == escape
                {
                    text.append(escaped)
                    position += 1
                } else if next != nil {
                    text.append(byte)
                }
            default:
                text.append(byte)
                position += 1
            }
            try checkLength(text)
        }
        throw error("the double quote is not closed", at: start)
    }

    private func checkLength(_ text: [UInt8]) throws(ExpansionError) {
        guard text.count <= max(WordExpander.maximumLength, bytes.count) else {
            throw error("the expansion is longer than \(WordExpander.maximumLength) bytes", at: position)
        }
    }

    private func error(_ message: String, at offset: Int, hint: String? = nil) -> ExpansionError {
        ExpansionError(message: message, offset: offset, hint: hint)
    }

    // MARK: Variables

    /// `$name` or `${…}` at `position`.
    private mutating func variable() throws(ExpansionError) -> [UInt8] {
        let start = position
        position += 1
        guard next == UInt8(ascii: "{") else {
            let name = name()
            return name.isEmpty ? [UInt8(ascii: "$")] : try value(of: name, at: start) ?? []
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= WordExpander.maximumDepth else {
            throw error("variables are nested more than \(WordExpander.maximumDepth) deep", at: start)
        }
        position += 1
        switch next {
        case nil: throw error("missing `}`", at: bytes.count)
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ":"): throw error("bad substitution", at: start)
        default: break
        }
        let name = name()
        guard let modifier = next else { throw error("missing `}`", at: bytes.count) }
        position += 1
        if modifier == UInt8(ascii: "}") { return try value(of: name, at: start) ?? [] }
        guard !name.isEmpty else { throw error("bad substitution", at: start) }
        return try substitution(modifier, name: name, start: start)
    }

    private mutating func substitution(
        _ modifier: UInt8, name: String, start: Int
    ) throws(ExpansionError) -> [UInt8] {
        let modifierOffset = position - 1
        switch modifier {
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            return try conditional(modifier, name: name, emptyIsUnset: false, start: start)
        case UInt8(ascii: ":"):
            guard let operation = next else { throw error("missing `}`", at: bytes.count) }
            guard [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(operation) else {
                throw error("unsupported modifier `:\(character(at: position))`", at: modifierOffset)
            }
            position += 1
            return try conditional(operation, name: name, emptyIsUnset: true, start: start)
        case UInt8(ascii: "#"), UInt8(ascii: "%"):
            return try strip(
                from: modifier == UInt8(ascii: "#") ? .start : .end, sign: modifier, name: name, start: start)
        case UInt8(ascii: "/"):
            return try replace(name: name, start: start)
        case .newline: throw error("missing `}`", at: modifierOffset)
        default:
            throw error("unsupported modifier `\(character(at: modifierOffset))`", at: modifierOffset)
        }
    }

    private mutating func conditional(
        _ operation: UInt8, name: String, emptyIsUnset: Bool, start: Int
    ) throws(ExpansionError) -> [UInt8] {
        // A variable that has a fallback is not missed when it is unset.
        let current = try value(of: name, at: start, hasFallback: true)
        let isSet = current.map { !($0.isEmpty && emptyIsUnset) } ?? false
        let takesWord = operation == UInt8(ascii: "+") ? isSet : !isSet
        if !takesWord { skipped += 1 }
        defer { if !takesWord { skipped -= 1 } }
        let word = try word(until: UInt8(ascii: "}")).value
        switch operation {
        case UInt8(ascii: "?") where takesWord && skipped == 0:
            let reason = current == nil ? "is not allowed to be unset" : "is not allowed to be empty"
            throw error("\(name): \(word.isEmpty ? reason : word.text)", at: start)
        case UInt8(ascii: "+"): return takesWord ? word : []
        default: return takesWord ? word : current ?? []
        }
    }

    private mutating func strip(
        from side: ShellPattern.Side, sign: UInt8, name: String, start: Int
    ) throws(ExpansionError) -> [UInt8] {
        let isLongest = next == sign
        if isLongest { position += 1 }
        let patternOffset = position
        let text = try word(until: UInt8(ascii: "}"), keepsEscapes: true).value
        let pattern = try pattern(text, at: patternOffset)
        guard let current = try value(of: name, at: start), skipped == 0 else { return [] }
        return pattern.strip(from: side, of: current.text, longest: isLongest)
    }

    private mutating func replace(name: String, start: Int) throws(ExpansionError) -> [UInt8] {
        let replacesAll = next == .slash
        if replacesAll { position += 1 }
        let patternOffset = position
        let text = try word(until: .slash, keepsEscapes: true).value
        let pattern = try pattern(text, at: patternOffset)
        let replacement = unescaped(try word(until: UInt8(ascii: "}"), keepsEscapes: true).value)
        guard let current = try value(of: name, at: start), skipped == 0 else { return [] }
        let limit = WordExpander.maximumLength
        guard let result = pattern.replace(in: current.text, with: replacement.text, all: replacesAll, limit: limit)
        else { throw error("the expansion is longer than \(limit) bytes", at: start) }
        return result
    }

    private func pattern(_ text: [UInt8], at offset: Int) throws(ExpansionError) -> ShellPattern {
        guard let pattern = ShellPattern(text.text, escape: Unicode.Scalar(escape)) else {
            throw error("invalid escape in the pattern `\(text.text)`", at: offset)
        }
        return pattern
    }

    /// In a replacement only `/`, `}` and the escape character itself need an escape.
    private func unescaped(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == escape, let escaped = iterator.next() else {
                result.append(byte)
                continue
            }
            if ![UInt8.slash, UInt8(ascii: "}"), escape].contains(escaped) { result.append(byte) }
            result.append(escaped)
        }
        return result
    }

    private mutating func value(
        of name: String, at start: Int, hasFallback: Bool = false
    ) throws(ExpansionError) -> [UInt8]? {
        guard skipped == 0 else { return nil }
        let value = lookup(name).map { Array($0.utf8) }
        if known[name] == nil { used.append(name) }
        known[name] = (known[name] ?? true) && (value != nil || hasFallback)
        allowance -= 16 + (value?.count ?? 0)
        guard allowance > 0 else { throw error("the expansion takes too long", at: start) }
        return value
    }

    // MARK: Names

    /// Letters, digits and `_`; digits only after a leading digit; or one of the shell's special parameters.
    private mutating func name() -> String {
        let start = position
        guard let first = next else { return "" }
        if first.isASCIIDigit {
            while let byte = next, byte.isASCIIDigit { position += 1 }
        } else if "@*#?-$!".utf8.contains(first) {
            position += 1
        } else {
            while let length = nameCharacterLength { position += length }
        }
        return bytes[start..<position].text
    }

    private var nameCharacterLength: Int? {
        guard let byte = next else { return nil }
        if byte < 0x80 {
            return byte.isASCIILetter || byte.isASCIIDigit || byte == UInt8(ascii: "_") ? 1 : nil
        }
        let scalar = scalar(at: position)
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
            return UTF8.width(scalar)
        default: return nil
        }
    }

    private func scalar(at offset: Int) -> Unicode.Scalar {
        bytes[offset..<min(offset + 4, bytes.count)].text.unicodeScalars.first ?? "\u{FFFD}"
    }

    private func character(at offset: Int) -> Character { Character(scalar(at: offset)) }
}
