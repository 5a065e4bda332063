extension YAMLReader {
    mutating func scalarOrFlow(parent: Int) throws(BakeError) -> YAMLNode {
        let start = position
        switch byte {
        case UInt8(ascii: "[")?, UInt8(ascii: "{")?: return try flow()
        case UInt8(ascii: "*")?: return try alias()
        case UInt8(ascii: "\"")?, UInt8(ascii: "'")?:
            let text = try quoted()
            let place = place(from: start)
            skipSpaces()
            guard Self.isNewline(byte) || byte == UInt8(ascii: "#") else {
                throw error("unexpected text after a quote")
            }
            return .scalar(text, isPlain: false, place)
        case UInt8(ascii: "|")?, UInt8(ascii: ">")?:
            return .scalar(try blockText(parent: parent), isPlain: false, place(from: start))
        case UInt8(ascii: "@")?, UInt8(ascii: "`")?, UInt8(ascii: "%")?:
            throw error("a value cannot begin with this character", hint: "put it in quotes")
        default: return try plain(parent: parent)
        }
    }

    /// Up to a comment or the end of the line, and of following lines that are indented more than `parent`.
    private mutating func plain(parent: Int) throws(BakeError) -> YAMLNode {
        let start = position
        var parts: [String] = []
        var end = position
        while true {
            let lineStart = position
            let hasComment = try skipPlainLine()
            end = position
            while end > lineStart, Self.isSpace(bytes[end - 1]) { end -= 1 }
            parts.append(file.string(lineStart..<end))
            let before = position
            if hasComment { break }
            var breaks = 0
            while let byte, Self.isSpace(byte) {
                if byte == UInt8(ascii: "\n") { breaks += 1 }
                position += 1
            }
            guard position < bytes.count, column > parent, byte != UInt8(ascii: "#") else {
                position = before
                break
            }
            parts.append(breaks > 1 ? String(repeating: "\n", count: breaks - 1) : " ")
        }
        return .scalar(parts.joined(), isPlain: true, Place(file: file, offsets: start..<end))
    }

    /// Returns whether a comment ends it.
    private mutating func skipPlainLine() throws(BakeError) -> Bool {
        while let byte, !Self.isNewline(byte) {
            if byte == UInt8(ascii: "#"), position > 0, Self.isSpace(bytes[position - 1]) { return true }
            if byte == UInt8(ascii: ":"), Self.isSpace(self.byte(at: 1)) {
                throw error("`: ` within a value", hint: "put the value in quotes, or mend the indentation")
            }
            position += 1
        }
        return false
    }

    // MARK: Quotes

    mutating func quoted() throws(BakeError) -> String {
        let start = position
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while let byte {
            position += 1
            if byte == quote {
                guard quote == UInt8(ascii: "'"), self.byte == quote else {
                    return String(decoding: text, as: UTF8.self)
                }
                text.append(quote)
                position += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try escape(into: &text)
            } else if byte == UInt8(ascii: "\n") {
                fold(into: &text)
            } else {
                text.append(byte)
            }
        }
        position = start + 1
        throw error("the quote does not end", from: start)
    }

    /// A line end within quotes is a space, empty lines are line ends.
    private mutating func fold(into text: inout [UInt8]) {
        while let last = text.last, Self.isSpace(last) { text.removeLast() }
        var breaks = 1
        while let byte, Self.isSpace(byte) {
            if byte == UInt8(ascii: "\n") { breaks += 1 }
            position += 1
        }
        text += breaks == 1 ? [UInt8(ascii: " ")] : [UInt8](repeating: UInt8(ascii: "\n"), count: breaks - 1)
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "0"): 0,
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "e"): 27, UInt8(ascii: "f"): 12,
        UInt8(ascii: "v"): 11, UInt8(ascii: "\""): 34, UInt8(ascii: "\\"): 92, UInt8(ascii: "/"): 47,
        UInt8(ascii: " "): 32, UInt8(ascii: "\t"): 9,
    ]
    private static let escapeLengths: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]

    private mutating func escape(into text: inout [UInt8]) throws(BakeError) {
        let start = position - 1
        guard let byte else { throw error("the escape is cut off", from: start) }
        position += 1
        if let plain = Self.escapes[byte] {
            text.append(plain)
        } else if byte == UInt8(ascii: "\n") {
            skipSpaces()
        } else if let count = Self.escapeLengths[byte] {
            let end = min(bytes.count, position + count)
            guard let code = UInt32(file.string(position..<end), radix: 16), let scalar = Unicode.Scalar(code) else {
                throw error("the escape needs \(count) hexadecimal digits", from: start)
            }
            position = end
            text += Array(String(Character(scalar)).utf8)
        } else {
            throw error("unknown escape", from: start)
        }
    }

    // MARK: Blocks of text

    /// `|` keeps line ends, `>` folds them; `-` and `+` say what becomes of the last ones.
    private mutating func blockText(parent: Int) throws(BakeError) -> String {
        let folds = byte == UInt8(ascii: ">")
        position += 1
        var chomping: UInt8?
        var indentation: Int?
        while let byte, !Self.isSpace(byte) {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                chomping = byte
            } else if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte) {
                indentation = max(parent, 0) + Int(byte - UInt8(ascii: "0"))
            } else {
                throw error("unexpected character after `\(folds ? ">" : "|")`")
            }
            position += 1
        }
        skipLine()
        let lines = textLines(parent, &indentation)
        let content = Array(lines.prefix((lines.lastIndex { !$0.isEmpty } ?? -1) + 1))
        var text = folds ? Self.folded(content) : content.joined(separator: "\n")
        if !content.isEmpty, chomping != UInt8(ascii: "-") { text += "\n" }
        if chomping == UInt8(ascii: "+") { text += String(repeating: "\n", count: lines.count - content.count) }
        return text
    }

    /// The lines that belong to it; `position` stays at the end of the last.
    private mutating func textLines(_ parent: Int, _ indentation: inout Int?) -> [String] {
        var lines: [String] = []
        while position < bytes.count {
            let start = position + 1
            guard start < bytes.count else {
                position = bytes.count
                break
            }
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let content = bytes[start..<end].last == UInt8(ascii: "\r") ? end - 1 : end
            let spaces = bytes[start..<content].prefix { $0 == UInt8(ascii: " ") }.count
            if start + spaces == content {
                lines.append(String(repeating: " ", count: max(0, spaces - (indentation ?? spaces))))
            } else {
                if indentation == nil, spaces > parent { indentation = spaces }
                guard let indentation, spaces >= indentation else { break }
                lines.append(file.string(start + indentation..<content))
            }
            position = end
        }
        return lines
    }

    private static func folded(_ lines: [String]) -> String {
        var text = ""
        var previous: String?
        for line in lines {
            if let previous {
                let isKept = line.hasPrefix(" ") || previous.hasPrefix(" ") || line.isEmpty
                text += isKept ? "\n" : previous.isEmpty ? "" : " "
            }
            text += line
            previous = line
        }
        return text
    }
}
