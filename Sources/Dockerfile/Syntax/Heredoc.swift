/// A here-document: `[fd]<<[-]NAME` in an instruction and the lines up to one that is exactly NAME.
package struct Heredoc: Hashable, Sendable {
    package let name: String
    /// The number before `<<`, if any.
    package let fileDescriptor: Int?
    /// Whether variables in the body are expanded: no part of the name was quoted.
    package let expands: Bool
    /// `<<-`: leading tabs of each line do not count.
    package let chomps: Bool
    /// The lines as written, tabs and line endings included.
    package let body: String
    /// The place of the token in the instruction.
    package let token: Word
    /// The lines of the body; nil when it has none.
    package let bodyRange: SourceRange?

    /// The line of the body on which the byte at `offset` of the content stands.
    package func range(at offset: Int) -> SourceRange {
        guard let first = bodyRange?.firstLine else { return token.range }
        let line = first + content.utf8.prefix(offset).count { $0 == .newline }
        let start = SourcePosition(line: line, column: 1)
        return SourceRange(start: start, end: start)
    }

    /// The body as its reader gets it: without leading tabs when the token says so.
    package var content: String {
        guard chomps else { return body }
        var content: [UInt8] = []
        content.reserveCapacity(body.utf8.count)
        var atLineStart = true
        for byte in body.utf8 where !(atLineStart && byte == UInt8(ascii: "\t")) {
            content.append(byte)
            atLineStart = byte == .newline
        }
        return content.text
    }
}

/// A here-document token found in an instruction, before its body is read.
struct HeredocToken: Equatable {
    let name: String
    let fileDescriptor: Int?
    let expands: Bool
    let chomps: Bool
    let offsets: Range<Int>
}

/// Finds here-document tokens as a shell would see them; the escape is always `\` here, whatever `# escape=` says.
struct HeredocScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    static func tokens(in bytes: ArraySlice<UInt8>) -> [HeredocToken] {
        var scanner = HeredocScanner(bytes)
        return scanner.scan()
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    private mutating func scan() -> [HeredocToken] {
        var tokens: [HeredocToken] = []
        var atWordStart = true
        while position < bytes.endIndex {
            let byte = bytes[position]
            if byte.isASCIISpace {
                atWordStart = true
                position += 1
            } else if atWordStart, let token = token() {
                tokens.append(token)
                atWordStart = false
            } else if startsArithmetic(atWordStart: atWordStart) {
                skipArithmetic()
                atWordStart = false
            } else {
                skipCharacter()
                atWordStart = false
            }
        }
        return tokens
    }

    /// One character, escaped character or quoted run.
    private mutating func skipCharacter() {
        let byte = bytes[position]
        position += 1
        switch byte {
        case .backslash:
            position = min(position + 1, bytes.endIndex)
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            while position < bytes.endIndex, bytes[position] != byte {
                let isEscape = bytes[position] == .backslash && byte == UInt8(ascii: "\"")
                position = min(position + (isEscape ? 2 : 1), bytes.endIndex)
            }
            position = min(position + 1, bytes.endIndex)
        default: break
        }
    }

    /// `$((1 << 2))` and `((a << b))` shift; they are no here-documents.
    private func startsArithmetic(atWordStart: Bool) -> Bool {
        let rest = bytes[position...]
        return rest.starts(with: "$((".utf8) || (atWordStart && rest.starts(with: "((".utf8))
    }

    private mutating func skipArithmetic() {
        if bytes[position] == UInt8(ascii: "$") { position += 1 }
        var depth = 0
        while position < bytes.endIndex {
            let byte = bytes[position]
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            skipCharacter()
            if depth == 0 { return }
        }
    }

    /// The token at `position`, which is then left behind it; otherwise nil and `position` stays.
    private mutating func token() -> HeredocToken? {
        let start = position
        var cursor = position
        while cursor < bytes.endIndex, bytes[cursor].isASCIIDigit { cursor += 1 }
        let digits = bytes[start..<cursor].text
        guard bytes[cursor...].starts(with: "<<".utf8) else { return nil }
        cursor += 2
        let chomps = cursor < bytes.endIndex && bytes[cursor] == UInt8(ascii: "-")
        if chomps { cursor += 1 }
        while cursor < bytes.endIndex, bytes[cursor].isASCIISpace { cursor += 1 }
        guard let delimiter = delimiter(at: cursor) else { return nil }
        let descriptor = digits.isEmpty ? nil : Int(digits)
        guard digits.isEmpty || descriptor != nil else { return nil }
        position = delimiter.end
        return HeredocToken(
            name: delimiter.name, fileDescriptor: descriptor, expands: !delimiter.isQuoted, chomps: chomps,
            offsets: start..<delimiter.end)
    }

    /// The delimiter word with quotes removed; it ends at white space or a character that ends words in a shell.
    private func delimiter(at start: Int) -> (name: String, isQuoted: Bool, end: Int)? {
        var name: [UInt8] = []
        var isQuoted = false
        var cursor = start
        while cursor < bytes.endIndex {
            let byte = bytes[cursor]
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard let close = bytes[(cursor + 1)...].firstIndex(of: byte) else { return nil }
                name.append(contentsOf: bytes[(cursor + 1)..<close])
                isQuoted = true
                cursor = close + 1
            case .backslash where cursor + 1 < bytes.endIndex:
                name.append(bytes[cursor + 1])
                isQuoted = true
                cursor += 2
            case UInt8(ascii: "<"):
                return nil
            case _ where byte.isASCIISpace || "|&;()>".utf8.contains(byte):
                return name.isEmpty ? nil : (name.text, isQuoted, cursor)
            default:
                name.append(byte)
                cursor += 1
            }
        }
        return name.isEmpty ? nil : (name.text, isQuoted, cursor)
    }
}
