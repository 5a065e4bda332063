/// The `# name=value` lines at the very top of a file.
package struct ParserDirectives: Sendable {
    /// The front end image asked for by `# syntax=`.
    package var syntax: Word?
    /// The character that escapes and continues lines: backslash, or backtick by `# escape=`.
    package var escape: UInt8 = .backslash
    /// The value of `# check=`.
    package var check: Word?
}

/// Reads the directives; scanning ends at the first line that is not one.
struct ParserDirectiveReader {
    private static let known = ["syntax", "escape", "check"]
    private static let maximumDiagnostics = 20
    private let source: SourceText
    private(set) var directives = ParserDirectives()
    private(set) var diagnostics: [Diagnostic] = []
    /// How many lines at the top are directives.
    private(set) var lineCount = 0

    init(_ source: SourceText) {
        self.source = source
        var seen: Set<String> = []
        while lineCount < source.lineCount, diagnostics.count < Self.maximumDiagnostics,
            let directive = directive(onLine: lineCount + 1, after: "#")
        {
            let name = directive.name.text.lowercased()
            guard Self.known.contains(name) else { break }
            if seen.insert(name).inserted {
                apply(name, directive.value)
            } else {
                diagnostics.append(.error("only one `\(name)` parser directive is allowed", at: directive.name.range))
            }
            lineCount += 1
        }
        if directives.syntax == nil { directives.syntax = foreignSyntax }
    }

    private mutating func apply(_ name: String, _ value: Word) {
        switch name {
        case "syntax": directives.syntax = value
        case "check": directives.check = value
        default:
            if value.text == "\\" || value.text == "`" {
                directives.escape = value.text == "`" ? UInt8(ascii: "`") : .backslash
            } else {
                diagnostics.append(
                    .error("invalid escape token `\(value.text)`", at: value.range, hint: "use \\ or `"))
            }
        }
    }

    /// `name = value` after a comment marker.
    private func directive(onLine line: Int, after marker: String) -> (name: Word, value: Word)? {
        let offsets = source.contentOffsets(ofLine: line)
        let trimmed = source.bytes[offsets].trimmed
        guard trimmed.starts(with: marker.utf8) else { return nil }
        let body = trimmed.dropFirst(marker.utf8.count).trimmed
        guard let equals = body.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = body[..<equals].trimmed
        let value = body[(equals + 1)...].trimmed
        guard let first = name.first, first.isASCIILetter, !value.isEmpty,
            name.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit })
        else { return nil }
        return (word(name), word(value))
    }

    private func word(_ bytes: ArraySlice<UInt8>) -> Word {
        Word(bytes.text, range: source.range(bytes.startIndex..<bytes.endIndex))
    }

    /// A front end named after a `#!` line, as `//syntax=` or in a JSON document.
    private var foreignSyntax: Word? {
        guard source.lineCount > 0 else { return nil }
        if source.bytes.starts(with: "#!".utf8), source.lineCount > 1 {
            return syntaxDirective(onLine: 2, after: "#")
        }
        if let word = syntaxDirective(onLine: 1, after: "//") { return word }
        if source.bytes.trimmed.first == UInt8(ascii: "{"),
            case .object(let members)? = JSONParser.value(source.bytes[...]),
            case .string(let name)? = members.first(where: { $0.name == "syntax" })?.value
        {
            return Word(name, range: source.range(lines: 1...1))
        }
        return nil
    }

    private func syntaxDirective(onLine line: Int, after marker: String) -> Word? {
        guard let directive = directive(onLine: line, after: marker), directive.name.text.lowercased() == "syntax"
        else { return nil }
        return directive.value
    }
}
