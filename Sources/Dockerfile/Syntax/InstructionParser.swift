/// Splits the text of one instruction into keyword, flags and arguments.
struct InstructionParser {
    /// Keyword, flags and where the rest is: enough to know which here-documents follow.
    struct Head {
        let keyword: Keyword
        let spelling: Word
        let start: Int
        let flags: [InstructionNode.Flag]
        /// What follows the flags, without white space at both ends.
        let text: Range<Int>
        let heredocTokens: [HeredocToken]
        /// The deferred instruction of an ONBUILD; at most one.
        let trigger: [Head]
    }

    let line: LogicalLine
    let escape: UInt8

    init(_ line: LogicalLine, escape: UInt8) {
        self.line = line
        self.escape = escape
    }

    func head(from start: Int, isTrigger: Bool = false) throws(SyntaxError) -> Head {
        let all = line.trimmed(start..<line.bytes.count)
        let end = line.bytes[all].firstIndex(where: \.isASCIISpace) ?? all.upperBound
        let spelling = line.word(all.lowerBound..<end)
        guard let keyword = Keyword(rawValue: spelling.text.lowercased()) else {
            throw SyntaxError(
                "unknown instruction `\(spelling.text)`", at: spelling.range,
                hint: Suggestion.lookalikeHint(for: spelling.text)
                    ?? Suggestion.hint(for: spelling.text, among: Keyword.allCases.map(\.uppercased)))
        }
        if isTrigger, [.onbuild, .from, .maintainer].contains(keyword) {
            throw SyntaxError("\(keyword.uppercased) is not allowed in ONBUILD", at: spelling.range)
        }
        var scanner = FlagScanner(line, offsets: end..<all.upperBound)
        let flags = scanner.scan()
        let text = line.trimmed(scanner.position..<all.upperBound)
        var tokens = keyword.allowsHeredocs ? HeredocScanner.tokens(in: line.bytes[text]) : []
        var trigger: [Head] = []
        if keyword == .onbuild, flags.isEmpty {
            guard !text.isEmpty else {
                throw SyntaxError("ONBUILD needs an instruction", at: spelling.range)
            }
            let inner = try head(from: text.lowerBound, isTrigger: true)
            tokens = inner.heredocTokens
            trigger = [inner]
        }
        return Head(
            keyword: keyword, spelling: spelling, start: all.lowerBound, flags: flags, text: text,
            heredocTokens: tokens, trigger: trigger)
    }

    func node(
        _ head: Head, heredocs: [Heredoc], range: SourceRange, comments: [Word]
    ) throws(SyntaxError) -> InstructionNode {
        var trigger: [InstructionNode] = []
        for inner in head.trigger {
            trigger.append(try node(inner, heredocs: heredocs, range: range, comments: []))
        }
        let arguments = try arguments(head)
        return InstructionNode(
            keyword: head.keyword, spelling: head.spelling, flags: head.flags, arguments: arguments.words,
            pairs: arguments.pairs, isLegacyPair: arguments.isLegacyPair, form: arguments.form,
            text: line.word(head.text), heredocs: head.trigger.isEmpty ? heredocs : [],
            original: line.bytes[head.start...].trimmed.text, range: range, comments: comments,
            emptyContinuationLine: line.emptyContinuationLine, trigger: trigger)
    }
}

/// Takes `--name=value` words off the front of an instruction's text; `--` alone ends them. As in the reference
/// implementation the escape is `\` here, whatever `# escape=` says.
private struct FlagScanner {
    private let line: LogicalLine
    private let end: Int
    /// Where the flags end.
    private(set) var position: Int

    init(_ line: LogicalLine, offsets: Range<Int>) {
        self.line = line
        position = offsets.lowerBound
        end = offsets.upperBound
    }

    mutating func scan() -> [InstructionNode.Flag] {
        var flags: [InstructionNode.Flag] = []
        while true {
            while position < end, line.bytes[position].isASCIISpace { position += 1 }
            guard line.bytes[position..<end].starts(with: "--".utf8) else { return flags }
            let start = position
            let text = word()
            if text == "--" { return flags }
            flags.append(InstructionNode.Flag(text: text, range: line.range(start..<position)))
        }
    }

    /// One word with quotes and escapes resolved.
    private mutating func word() -> String {
        var word: [UInt8] = []
        var quote: UInt8?
        while position < end {
            let byte = line.bytes[position]
            if quote == nil, byte.isASCIISpace { break }
            position += 1
            if byte == .backslash {
                guard position < end else { break }
                word.append(line.bytes[position])
                position += 1
            } else if byte == quote {
                quote = nil
            } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else {
                word.append(byte)
            }
        }
        return word.text
    }
}
