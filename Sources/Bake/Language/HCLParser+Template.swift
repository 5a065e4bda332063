/// Templates: text with `${ expression }` and `%{ if … }`, `%{ for … }`. `~` beside a brace takes the white space next
/// to it away; `$${` and `%%{` stand for themselves.
extension HCLParser {
    /// What a template is made of before its directives are put together.
    private enum Part {
        case text(String, Int)
        case value(Expression)
        case `if`(Expression, Int)
        case `else`(Int)
        case endif(Int)
        case `for`(Expression.ForClause, Int)
        case endfor(Int)
    }

    private enum Ending {
        case quote
        case text
    }

    mutating func quotedTemplate() throws(BakeError) -> Expression {
        let start = position
        position += 1
        let parts = try nested { parser throws(BakeError) in try parser.parts(until: .quote, limit: parser.end) }
        guard take("\"") else {
            position = start + 1
            throw error("the text does not end on its line", at: start, hint: "close it with \"")
        }
        return try template(parts, from: start)
    }

    /// The whole text is the template.
    mutating func wholeTemplate() throws(BakeError) -> Expression {
        try template(try parts(until: .text, limit: end), from: 0)
    }

    // MARK: Heredocs

    /// `<<NAME`, lines, `NAME`; after `<<-` the indentation that all lines have is no part of the text.
    mutating func heredoc() throws(BakeError) -> Expression {
        let start = position
        position += 2
        let isFlush = take("-")
        guard let name = name() else { throw unexpected("expected a name after `<<`") }
        _ = take("\r")
        guard take("\n") else { throw unexpected("expected the end of the line after `<<\(name)`") }
        let first = position
        var lines: [Range<Int>] = []
        while true {
            guard position < end else {
                throw error("the heredoc does not end", at: start, hint: "close it with a line \(name)")
            }
            let line = position..<(bytes[position..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end)
            let word = bytes[line].drop { Self.isBlank($0) }
            let trimmed = word.dropLast(word.reversed().prefix { Self.isBlank($0) }.count)
            if trimmed.elementsEqual(name.utf8) {
                let closing = line.upperBound
                position = first
                let indentation = isFlush ? indentation(of: lines) : 0
                let parts = try nested { parser throws(BakeError) in
                    try parser.parts(until: .text, limit: line.lowerBound, indentation: indentation)
                }
                position = closing
                return try template(parts, from: start, isHeredoc: true)
            }
            lines.append(line)
            position = min(end, line.upperBound + 1)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private func indentation(of lines: [Range<Int>]) -> Int {
        lines.compactMap { line -> Int? in
            let indentation = bytes[line].prefix { Self.isBlank($0) }.count
            return indentation == line.count ? nil : indentation
        }.min() ?? 0
    }

    // MARK: Parts

    private mutating func parts(
        until ending: Ending, limit: Int, indentation: Int = 0
    ) throws(BakeError) -> [Part] {
        var parts: [Part] = []
        var text: [UInt8] = []
        var textStart = position
        /// A `~` took away what follows it.
        var strips = false
        func flush() {
            if !text.isEmpty { parts.append(.text(String(decoding: text, as: UTF8.self), textStart)) }
            text = []
        }
        var isLineStart = true
        while position < limit {
            if isLineStart, indentation > 0 {
                let blanks = bytes[position..<limit].prefix(indentation).prefix { Self.isBlank($0) }.count
                position += blanks
                isLineStart = false
                continue
            }
            let byte = bytes[position]
            if strips {
                if Self.isBlank(byte) || byte == UInt8(ascii: "\n") {
                    position += 1
                    continue
                }
                strips = false
            }
            if ending == .quote {
                if byte == UInt8(ascii: "\"") { break }
                if byte == UInt8(ascii: "\n") { break }
                if byte == UInt8(ascii: "\\") {
                    try escape(into: &text)
                    continue
                }
            }
            if starts(with: "$${") || starts(with: "%%{") {
                text += [byte, UInt8(ascii: "{")]
                position += 3
                continue
            }
            if starts(with: "${") || starts(with: "%{") {
                let isDirective = byte == UInt8(ascii: "%")
                position += 2
                if take("~") {
                    let kept = text.reversed().drop { Self.isBlank($0) || $0 == UInt8(ascii: "\n") }
                    text = Array(kept.reversed())
                }
                flush()
                parts.append(try isDirective ? directive() : .value(try interpolation()))
                strips = bytes[position - 2] == UInt8(ascii: "~")
                textStart = position
                isLineStart = false
                continue
            }
            isLineStart = byte == UInt8(ascii: "\n")
            text.append(byte)
            position += 1
        }
        flush()
        return parts
    }

    private mutating func escape(into text: inout [UInt8]) throws(BakeError) {
        let start = position
        position += 1
        guard let byte else { throw error("the escape is cut off", at: start) }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
        case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[position..<min(end, position + count)], as: UTF8.self)
            guard digits.utf8.count == count, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
            else { throw error("`\\\(count == 4 ? "u" : "U")` needs \(count) hexadecimal digits", at: start) }
            position += count
            text += Array(String(Character(scalar)).utf8)
        default:
            throw error(
                "the escape `\\\(Character(Unicode.Scalar(byte)))` is unknown", at: start,
                hint: "write \\\\ for a backslash")
        }
    }

    private mutating func interpolation() throws(BakeError) -> Expression {
        try withNewlines(ignored: true) { parser throws(BakeError) in
            let value = try parser.expression()
            try parser.closeBrace()
            return value
        }
    }

    private mutating func closeBrace() throws(BakeError) {
        try skipSpace()
        _ = take("~")
        guard take("}") else { throw unexpected("expected `}`") }
    }

    private mutating func directive() throws(BakeError) -> Part {
        let start = position
        return try withNewlines(ignored: true) { parser throws(BakeError) in
            try parser.skipSpace()
            let part: Part
            switch parser.name() {
            case "if"?: part = .if(try parser.expression(), start)
            case "else"?: part = .else(start)
            case "endif"?: part = .endif(start)
            case "for"?: part = .for(try parser.forClauseOfTemplate(), start)
            case "endfor"?: part = .endfor(start)
            default:
                throw parser.error(
                    "unknown directive", at: start, hint: "%{ starts if, else, endif, for or endfor; write %%{ for text"
                )
            }
            try parser.closeBrace()
            return part
        }
    }

    // MARK: Putting together

    private mutating func template(
        _ parts: [Part], from start: Int, isHeredoc: Bool = false
    ) throws(BakeError) -> Expression {
        var rest = parts[...]
        let place = place(from: start)
        let values = try joined(&rest, at: place)
        if let part = rest.first {
            throw error("this ends no `if` or `for`", at: Self.offset(of: part))
        }
        // A lone value keeps its type.
        if values.count == 1, !isHeredoc, case .value = parts[0] { return values[0] }
        if values.isEmpty { return try Expression(.literal(.string("")), at: place) }
        if values.count == 1, case .literal(.string) = values[0].kind {
            return try Expression(values[0].kind, at: place)
        }
        return try Expression(.template(values), at: place)
    }

    /// Up to the end, or to an `else` or end of what this stands in.
    private mutating func joined(_ parts: inout ArraySlice<Part>, at place: Place) throws(BakeError) -> [Expression] {
        var values: [Expression] = []
        while let part = parts.first {
            switch part {
            case .text(let text, let offset):
                values.append(
                    try Expression(.literal(.string(text)), at: self.place(from: offset, to: offset + text.utf8.count)))
                parts.removeFirst()
            case .value(let value):
                values.append(value)
                parts.removeFirst()
            case .if(let condition, let offset):
                parts.removeFirst()
                values.append(try ifDirective(condition, offset, &parts, at: place))
            case .for(let clause, let offset):
                parts.removeFirst()
                let body = try directiveBody(&parts, at: place)
                guard case .endfor? = parts.popFirst() else { throw error("the `for` has no `endfor`", at: offset) }
                values.append(try Expression(.forText(clause, body), at: place))
            case .else, .endif, .endfor: return values
            }
        }
        return values
    }

    private mutating func ifDirective(
        _ condition: Expression, _ offset: Int, _ parts: inout ArraySlice<Part>, at place: Place
    ) throws(BakeError) -> Expression {
        let then = try directiveBody(&parts, at: place)
        var otherwise = try Expression(.literal(.string("")), at: place)
        if case .else? = parts.first {
            parts.removeFirst()
            otherwise = try directiveBody(&parts, at: place)
        }
        guard case .endif? = parts.popFirst() else { throw error("the `if` has no `endif`", at: offset) }
        return try Expression(.conditional(condition, then: then, otherwise: otherwise), at: place)
    }

    private mutating func directiveBody(
        _ parts: inout ArraySlice<Part>, at place: Place
    ) throws(BakeError) -> Expression {
        let values = try nested { parser throws(BakeError) in try parser.joined(&parts, at: place) }
        return try Expression(.template(values), at: place)
    }

    private static func offset(of part: Part) -> Int {
        switch part {
        case .text(_, let offset), .if(_, let offset), .else(let offset), .endif(let offset), .for(_, let offset),
            .endfor(let offset):
            offset
        case .value(let value): value.place.offsets.lowerBound
        }
    }
}
