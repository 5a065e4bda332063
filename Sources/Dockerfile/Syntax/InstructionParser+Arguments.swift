extension InstructionParser {
    struct Arguments {
        var words: [Word] = []
        var pairs: [InstructionNode.Pair] = []
        var isLegacyPair = false
        var form = InstructionNode.Form.shell
    }

    /// How each keyword's text is split.
    func arguments(_ head: Head) throws(SyntaxError) -> Arguments {
        switch head.keyword {
        case .env, .label:
            return try pairs(head)
        case .arg:
            return try optionalPairs(head)
        case .add, .copy, .volume:
            if let exec = try exec(head.text) { return exec }
            return Arguments(words: blankSeparated(head.text))
        case .expose, .from:
            return Arguments(words: blankSeparated(head.text))
        case .cmd, .entrypoint, .run, .shell:
            if let exec = try exec(head.text) { return exec }
            return whole(head.text)
        case .healthcheck:
            return try healthcheck(head.text)
        case .maintainer, .onbuild, .stopsignal, .user, .workdir:
            return whole(head.text)
        }
    }

    private func whole(_ offsets: Range<Int>) -> Arguments {
        Arguments(words: offsets.isEmpty ? [] : [line.word(offsets)])
    }

    /// The strings of a JSON array; nil when the text is not valid JSON, which then is no mistake.
    private func exec(_ offsets: Range<Int>) throws(SyntaxError) -> Arguments? {
        guard line.bytes[offsets].first == UInt8(ascii: "["),
            let elements = JSONParser.array(line.bytes[offsets])
        else { return nil }
        var words: [Word] = []
        for element in elements {
            guard case .string(let text) = element.value else {
                throw SyntaxError("the array may only hold strings", at: line.range(element.offsets))
            }
            words.append(Word(text, range: line.range(element.offsets)))
        }
        return Arguments(words: words, form: .exec)
    }

    private func healthcheck(_ offsets: Range<Int>) throws(SyntaxError) -> Arguments {
        guard !offsets.isEmpty else { return Arguments() }
        let end = line.bytes[offsets].firstIndex(where: \.isASCIISpace) ?? offsets.upperBound
        let kind = line.word(offsets.lowerBound..<end)
        let rest = line.trimmed(end..<offsets.upperBound)
        var arguments = try exec(rest) ?? whole(rest)
        arguments.words.insert(kind, at: 0)
        return arguments
    }

    private func blankSeparated(_ offsets: Range<Int>) -> [Word] {
        line.bytes[offsets].split(whereSeparator: \.isASCIISpace).map { line.word($0.startIndex..<$0.endIndex) }
    }

    // MARK: Pairs

    private func pairs(_ head: Head) throws(SyntaxError) -> Arguments {
        let words = quotedWords(head.text)
        guard let first = words.first else { return Arguments() }
        guard line.bytes[first].contains(UInt8(ascii: "=")) else { return try legacyPair(head) }
        var arguments = Arguments()
        for word in words {
            let pair = pair(word)
            guard pair.value != nil else {
                throw SyntaxError(
                    "`\(pair.name.text)` has no `=`", at: pair.name.range,
                    hint: pair.name.text.hasPrefix("#")
                        ? Suggestion.commentHint
                        : "write \(head.keyword.uppercased) name=value, with quotes around values that hold spaces")
            }
            arguments.pairs.append(pair)
        }
        return arguments
    }

    /// `ENV name the rest is one value`.
    private func legacyPair(_ head: Head) throws(SyntaxError) -> Arguments {
        let end = line.bytes[head.text].firstIndex(where: \.isASCIISpace) ?? head.text.upperBound
        let value = line.trimmed(end..<head.text.upperBound)
        let name = line.word(head.text.lowerBound..<end)
        guard !value.isEmpty else {
            throw SyntaxError(
                "\(head.keyword.uppercased) `\(name.text)` has no value", at: name.range,
                hint: "write \(head.keyword.uppercased) \(name.text)=value")
        }
        let pair = InstructionNode.Pair(name: name, value: line.word(value))
        return Arguments(pairs: [pair], isLegacyPair: true)
    }

    private func optionalPairs(_ head: Head) throws(SyntaxError) -> Arguments {
        Arguments(pairs: quotedWords(head.text).map(pair))
    }

    private func pair(_ word: Range<Int>) -> InstructionNode.Pair {
        guard let equals = line.bytes[word].firstIndex(of: UInt8(ascii: "=")) else {
            return InstructionNode.Pair(name: line.word(word), value: nil)
        }
        return InstructionNode.Pair(
            name: line.word(word.lowerBound..<equals), value: line.word(equals + 1..<word.upperBound))
    }

    /// Words separated by blanks outside quotes; quotes and escapes stay as written.
    private func quotedWords(_ offsets: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var position = offsets.lowerBound
        while true {
            while position < offsets.upperBound, line.bytes[position].isASCIISpace { position += 1 }
            guard position < offsets.upperBound else { return words }
            let start = position
            var quote: UInt8?
            while position < offsets.upperBound {
                let byte = line.bytes[position]
                if quote == nil, byte.isASCIISpace { break }
                position += 1
                if byte == escape, quote != UInt8(ascii: "'") {
                    position = min(position + 1, offsets.upperBound)
                } else if byte == quote {
                    quote = nil
                } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                    quote = byte
                }
            }
            words.append(start..<position)
        }
    }
}
