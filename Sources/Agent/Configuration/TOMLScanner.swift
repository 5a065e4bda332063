import Pipeline

/// Characters, keys and scalars of TOML, with the place of each.
struct TOMLScanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    var here: SourceSpan { SourceSpan(line: line, column: index - lineStart + 1) }

    func error(_ message: String) -> TOMLError { TOMLError(message: message, span: here) }

    private func span(from start: SourceSpan) -> SourceSpan {
        SourceSpan(line: start.line, column: start.column, length: start.line == line ? here.column - start.column : 1)
    }

    mutating func advance() {
        if scalars[index] == "\n" {
            line += 1
            lineStart = index + 1
        }
        index += 1
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        advance()
        return true
    }

    private mutating func take(text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        for _ in wanted { advance() }
        return true
    }

    mutating func skipSpaces() {
        while peek == " " || peek == "\t" { advance() }
    }

    /// White space, line ends and comments.
    mutating func skipBlankLines() {
        while let scalar = peek, " \t\r\n#".unicodeScalars.contains(scalar) {
            if scalar == "#" {
                while let next = peek, next != "\n" { _ = next; advance() }
            } else {
                advance()
            }
        }
    }

    /// Nothing but a comment up to the end of the line.
    mutating func endLine() throws(TOMLError) {
        skipSpaces()
        if peek == "#" { while let next = peek, next != "\n" { _ = next; advance() } }
        _ = take("\r")
        guard peek == nil || peek == "\n" else { throw error("unexpected text at the end of the line") }
    }

    mutating func key() throws(TOMLError) -> TOMLKey {
        let start = here
        switch peek {
        case "\"":
            let text = try basicString()
            return TOMLKey(name: text, span: span(from: start))
        case "'":
            let text = try literalString()
            return TOMLKey(name: text, span: span(from: start))
        default:
            let text = word { $0 == "-" || $0 == "_" || isAlphanumeric($0) }
            guard !text.isEmpty else { throw error("expected a key") }
            return TOMLKey(name: text, span: span(from: start))
        }
    }

    mutating func scalar() throws(TOMLError) -> ConfigValue {
        let start = here
        if peek == "\"" || peek == "'" {
            let text =
                if take(text: "\"\"\"") { try multilineString(closing: "\"") } else if take(text: "'''") {
                    try multilineString(closing: "'")
                } else if peek == "\"" { try basicString() } else { try literalString() }
            return ConfigValue(.string, text: text, at: span(from: start))
        }
        let text = word { $0 == "+" || $0 == "-" || $0 == "_" || $0 == "." || $0 == ":" || isAlphanumeric($0) }
        let span = span(from: start)
        guard let content = Self.content(of: text) else {
            let problem = text.isEmpty ? "a value is missing" : "not a value; text needs quotes"
            throw TOMLError(message: problem, span: span)
        }
        return ConfigValue(content, text: text, at: span)
    }

    private mutating func word(_ isPart: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = peek, isPart(scalar) {
            text.append(scalar)
            advance()
        }
        return String(text)
    }

    private static func content(of text: String) -> ConfigValue.Content? {
        if text == "true" || text == "false" { return .boolean(text == "true") }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
            let digits = text.dropFirst(2)
            guard digits.first != "+", digits.first != "-" else { return nil }
            return ungrouped(digits).flatMap { Int($0, radix: radix) }.map { .integer($0) }
        }
        guard let plain = ungrouped(text[...]) else { return nil }
        let unsigned = plain.first == "+" || plain.first == "-" ? plain.dropFirst() : plain[...]
        guard let first = unsigned.utf8.first, (0x30...0x39).contains(first) else { return nil }
        if unsigned.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard first != 0x30 || unsigned.utf8.count == 1 else { return nil }
            return Int(plain).map { .integer($0) }
        }
        guard unsigned.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }) else { return nil }
        let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ ($0.utf8.first.map { (0x30...0x39).contains($0) } ?? false) }) else { return nil }
        return Double(plain).map { .number($0) }
    }

    /// The digits without the `_` between them.
    private static func ungrouped(_ text: Substring) -> String? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        return groups.contains("") ? nil : groups.joined()
    }

    private mutating func basicString() throws(TOMLError) -> String {
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = peek, scalar != "\n" {
            if take("\"") { return String(text) }
            if scalar == "\\" {
                text.append(try escape())
            } else {
                text.append(try plain(scalar))
            }
        }
        throw error("text has no closing `\"`")
    }

    private mutating func literalString() throws(TOMLError) -> String {
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = peek, scalar != "\n" {
            if take("'") { return String(text) }
            text.append(try plain(scalar))
        }
        throw error("text has no closing `'`")
    }

    private mutating func multilineString(closing quote: Unicode.Scalar) throws(TOMLError) -> String {
        let mark = String(repeating: Character(quote), count: 3)
        _ = take(text: "\r\n") || take("\n")
        var text = String.UnicodeScalarView()
        while let scalar = peek {
            if take(text: mark) {
                while peek == quote {
                    text.append(quote)
                    advance()
                }
                return String(text)
            }
            if scalar == "\\", quote == "\"" {
                if !takeLineContinuation() { text.append(try escape()) }
            } else {
                text.append(try plain(scalar))
            }
        }
        throw error("text has no closing `\(mark)`")
    }

    /// A backslash at the end of a line takes all white space up to the next text away.
    private mutating func takeLineContinuation() -> Bool {
        let rest = scalars[(index + 1)...].drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard rest.first == "\n" else { return false }
        advance()
        while let scalar = peek, " \t\r\n".unicodeScalars.contains(scalar) { advance() }
        return true
    }

    private mutating func plain(_ scalar: Unicode.Scalar) throws(TOMLError) -> Unicode.Scalar {
        guard scalar.value >= 0x20 || scalar == "\t" || scalar == "\n" || scalar == "\r", scalar.value != 0x7F else {
            throw error("text has a control character")
        }
        advance()
        return scalar
    }

    private mutating func escape() throws(TOMLError) -> Unicode.Scalar {
        let start = here
        advance()
        guard let letter = peek else { throw error("text ends in a backslash") }
        advance()
        switch letter {
        case "b": return "\u{08}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{0C}"
        case "r": return "\r"
        case "\"", "\\": return letter
        case "u", "U":
            var digits = ""
            while digits.count < (letter == "u" ? 4 : 8), let digit = peek, digit.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(digit)
                advance()
            }
            if digits.count == (letter == "u" ? 4 : 8),
                let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
            {
                return scalar
            }
            throw TOMLError(message: "not a Unicode character", span: span(from: start))
        default: throw TOMLError(message: "unknown escape `\\\(letter)`", span: span(from: start))
        }
    }
}

private func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
}
