// Word processing of the Dockerfile language: `$name`, `${name}` with the operators of the POSIX shell that builders
// know, quotes and escapes. The builder never sees commands, arithmetic or path globs; those are the shell's.

/// What a word became, and which variables it looked at.
package struct Expansion: Hashable, Sendable {
    package let value: String
    /// Names in the order of their first use.
    package let used: [String]
    /// The used names that had no value.
    package let unset: [String]
}

/// Why a word cannot be expanded.
package struct ExpansionError: Error, Hashable, Sendable {
    package let message: String
    /// Byte offset of the mistake in the word.
    package let offset: Int
    let hint: String?

    /// The mistake in its place in the file. A word joined from several lines is shown at its first one.
    package func diagnostic(in word: Word) -> Diagnostic {
        let start = word.range.start
        let length = word.range.end.column - start.column
        let isOneLine = word.range.firstLine == word.range.lastLine && length == word.text.utf8.count
        let place = SourcePosition(line: start.line, column: start.column + (isOneLine ? min(offset, length) : 0))
        return .error(message, at: SourceRange(start: place, end: max(place, word.range.end)), hint: hint)
    }
}

/// Expands the words of a file; `lookup` gives the value of a variable, nil when it is not set.
package struct WordExpander: Sendable {
    /// Deeper nesting of `${…}` is an error.
    package static let maximumDepth = 100
    /// Longer results are an error: a few lines of `ENV a=$a$a` would otherwise fill the memory.
    package static let maximumLength = 1 << 20

    package let escape: UInt8

    package init(escape: UInt8 = UInt8(ascii: "\\")) {
        self.escape = escape
    }

    /// One word from one word: quotes are removed, white space from variables does not split.
    package func expand(
        _ word: String, lookup: @escaping (String) -> String?
    ) throws(ExpansionError) -> String {
        try expansion(word, lookup: lookup).value
    }

    package func expansion(
        _ word: String, lookup: @escaping (String) -> String?
    ) throws(ExpansionError) -> Expansion {
        guard needsExpansion(word) else { return Expansion(value: word, used: [], unset: []) }
        var scanner = WordScanner(word, escape: escape, lookup: lookup)
        let pieces = try scanner.word(until: nil)
        return Expansion(value: pieces.value.text, used: scanner.used, unset: scanner.unset)
    }

    /// Several words from one: white space outside quotes splits, be it written or from a variable.
    package func expandToWords(
        _ word: String, lookup: @escaping (String) -> String?
    ) throws(ExpansionError) -> [String] {
        var scanner = WordScanner(word, escape: escape, lookup: lookup)
        return try scanner.word(until: nil).words
    }

    /// The body of a here-document whose name was not quoted: variables are expanded, quotes are plain text, and a
    /// backslash makes plain text of whatever follows it. The escape is `\` whatever `# escape=` says.
    package static func expandHeredoc(
        _ body: String, lookup: @escaping (String) -> String?
    ) throws(ExpansionError) -> Expansion {
        var scanner = WordScanner(body, escape: .backslash, readsQuotes: false, lookup: lookup)
        let text = try scanner.word(until: nil)
        return Expansion(value: text.value.text, used: scanner.used, unset: scanner.unset)
    }

    private func needsExpansion(_ word: String) -> Bool {
        word.utf8.contains {
            $0 == escape || $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"")
        }
    }
}
