// The Dockerfile language, file level: parser directives, comments, continuation lines, instructions and their
// here-documents. Reference: https://docs.docker.com/reference/dockerfile/

/// The syntax tree of a file with every mistake found on the way; instructions with a mistake are left out of the tree.
package struct ParsedDockerfile: Sendable {
    package let source: SourceText
    package let directives: ParserDirectives
    package let instructions: [InstructionNode]
    package let diagnostics: [Diagnostic]

    /// Expands words with this file's escape character.
    package var expander: WordExpander { WordExpander(escape: directives.escape) }
}

package struct DockerfileParser {
    /// Longer lines are an error, as they are for every other reader of the language.
    package static let maximumLineLength = 65_535
    /// More mistakes than this are of no use to anyone.
    private static let maximumDiagnostics = 200

    private let source: SourceText
    private let directives: ParserDirectives
    private var diagnostics: [Diagnostic] = []
    private var instructions: [InstructionNode] = []
    private var comments: [Word] = []
    private var line: Int

    package static func parse(_ bytes: [UInt8], name: String) -> ParsedDockerfile {
        var parser = DockerfileParser(SourceText(bytes, name: name))
        return parser.parse()
    }

    package static func parse(_ text: String, name: String) -> ParsedDockerfile {
        parse(Array(text.utf8), name: name)
    }

    private init(_ source: SourceText) {
        let reader = ParserDirectiveReader(source)
        self.source = source
        directives = reader.directives
        diagnostics = reader.diagnostics
        line = 1 + reader.lineCount
    }

    private mutating func parse() -> ParsedDockerfile {
        if source.bytes.isEmpty { diagnostics.append(.error("the Dockerfile cannot be empty", at: nil)) }
        if source.isUTF16 {
            diagnostics.append(.error("the Dockerfile is UTF-16", at: nil, hint: "save the file as UTF-8"))
            line = source.lineCount + 1
        }
        while line <= source.lineCount, diagnostics.count < Self.maximumDiagnostics {
            switch source.contents(ofLine: line).trimmed.first {
            case nil:
                comments = []
                line += 1
            case UInt8(ascii: "#"):
                readComment(content(ofLine: line))
                line += 1
            default:
                readInstruction()
                comments = []
            }
        }
        if line <= source.lineCount {
            diagnostics.append(.error("too many errors", at: source.range(lines: line...line)))
        } else if instructions.isEmpty, diagnostics.isEmpty {
            diagnostics.append(.error("the Dockerfile has no instructions", at: source.range(lines: 1...1)))
        }
        return ParsedDockerfile(
            source: source, directives: directives, instructions: instructions, diagnostics: diagnostics)
    }

    private mutating func content(ofLine line: Int) -> Range<Int> {
        let offsets = source.contentOffsets(ofLine: line)
        if source.offsets(ofLine: line).count > Self.maximumLineLength {
            diagnostics.append(
                .error(
                    "line is longer than \(Self.maximumLineLength) bytes",
                    at: source.range(offsets.lowerBound..<offsets.lowerBound + 1),
                    hint: "split it, or COPY a file with the text"))
        }
        return offsets
    }

    private mutating func readComment(_ offsets: Range<Int>) {
        let text = source.bytes[offsets].trimmed.dropFirst().trimmed
        if text.isEmpty {
            comments = []
        } else {
            comments.append(Word(text.text, range: source.range(text.startIndex..<text.endIndex)))
        }
    }

    private mutating func readInstruction() {
        let first = line
        let logical = joinContinuations()
        guard checkCharacters(logical) else { return }
        let parser = InstructionParser(logical, escape: directives.escape)
        do throws(SyntaxError) {
            // A line with only an escape character at the end of the file is nothing.
            guard !logical.trimmed(0..<logical.bytes.count).isEmpty else { return }
            let head = try parser.head(from: 0)
            let heredocs = try readHeredocs(head.heredocTokens, in: logical)
            let last = line - 1
            instructions.append(
                try parser.node(
                    head, heredocs: heredocs, range: source.range(lines: first...last), comments: comments))
        } catch {
            diagnostics.append(error.diagnostic)
        }
    }

    /// Reads physical lines until one does not end in the escape character.
    private mutating func joinContinuations() -> LogicalLine {
        var logical = LogicalLine(source: source)
        var isFirst = true
        while line <= source.lineCount {
            var offsets = content(ofLine: line)
            let trimmed = source.bytes[offsets].trimmed
            line += 1
            if isFirst {
                offsets = trimmed.startIndex..<offsets.upperBound
            } else if trimmed.isEmpty {
                if logical.emptyContinuationLine == nil { logical.emptyContinuationLine = line - 1 }
                continue
            } else if trimmed.first == UInt8(ascii: "#") {
                continue
            }
            isFirst = false
            guard let end = continuation(offsets) else {
                logical.append(offsets)
                break
            }
            logical.append(offsets.lowerBound..<end)
        }
        return logical
    }

    /// The offset of the escape character that continues this line: the last one before trailing blanks, itself not
    /// escaped.
    private func continuation(_ offsets: Range<Int>) -> Int? {
        var last = offsets.upperBound - 1
        while last >= offsets.lowerBound, source.bytes[last] == 0x20 || source.bytes[last] == 0x09 { last -= 1 }
        guard last >= offsets.lowerBound, source.bytes[last] == directives.escape else { return nil }
        if last > offsets.lowerBound, source.bytes[last - 1] == directives.escape { return nil }
        return last
    }

    private mutating func checkCharacters(_ logical: LogicalLine) -> Bool {
        if let offset = logical.bytes[...].firstInvalidUTF8 {
            diagnostics.append(
                .error(
                    "the text is not valid UTF-8", at: logical.range(offset..<offset + 1),
                    hint: "save the file as UTF-8"))
            return false
        }
        if let offset = logical.bytes.firstIndex(of: 0) {
            diagnostics.append(
                .error(
                    "the text holds a NUL byte", at: logical.range(offset..<offset + 1),
                    hint: "save the file as UTF-8, without binary data"))
            return false
        }
        return true
    }

    /// Reads one body after the other; they follow the instruction in the order of their tokens.
    private mutating func readHeredocs(
        _ tokens: [HeredocToken], in logical: LogicalLine
    ) throws(SyntaxError) -> [Heredoc] {
        var heredocs: [Heredoc] = []
        for token in tokens {
            let first = line
            let name = Array(token.name.utf8)
            var terminator: Int?
            while terminator == nil, line <= source.lineCount {
                var text = source.bytes[content(ofLine: line)]
                if token.chomps { text = text.drop { $0 == UInt8(ascii: "\t") } }
                if text.elementsEqual(name) { terminator = line }
                line += 1
            }
            guard let terminator else {
                throw SyntaxError(
                    "unterminated here-document `\(token.name)`", at: logical.range(token.offsets),
                    hint: "end it with a line that is exactly `\(token.name)`")
            }
            let end = source.offsets(ofLine: terminator).lowerBound
            let start = source.offsets(ofLine: first).lowerBound
            let body = source.bytes[start..<end]
            if let offset = body.firstInvalidUTF8 {
                throw SyntaxError("the here-document is not valid UTF-8", at: source.range(offset..<offset + 1))
            }
            heredocs.append(
                Heredoc(
                    name: token.name, fileDescriptor: token.fileDescriptor, expands: token.expands,
                    chomps: token.chomps, body: body.text, token: logical.word(token.offsets),
                    bodyRange: first < terminator ? source.range(lines: first...(terminator - 1)) : nil))
        }
        return heredocs
    }
}

/// The mistake that ends the reading of one instruction.
struct SyntaxError: Error {
    let diagnostic: Diagnostic

    init(_ message: String, at range: SourceRange, hint: String? = nil) {
        diagnostic = .error(message, at: range, hint: hint)
    }
}
