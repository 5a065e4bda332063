/// Plain and quoted scalars, each on one line.
extension SpecificationParser {
    static func content(ofPlain text: String) -> SpecificationNode.Content {
        ["", "~", "null", "Null", "NULL"].contains(text) ? .null : .scalar(text)
    }

    mutating func scalar(inFlow: Bool) throws(SpecificationFault) -> (text: String, isPlain: Bool) {
        switch byte {
        case UInt8(ascii: "\""): return (try doubleQuoted(), false)
        case UInt8(ascii: "'"): return (try singleQuoted(), false)
        case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"):
            throw fault("anchors, aliases and tags are not understood here")
        case UInt8(ascii: "|"), UInt8(ascii: ">"): throw fault("text over several lines is not understood here")
        case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: "]"),
            UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "#"), nil:
            throw fault("unexpected \(byte.map { "`\(Character(Unicode.Scalar($0)))`" } ?? "end of the file")")
        default: break
        }
        if isIndicator("?") { throw fault("unexpected `?`") }
        let start = position
        while let byte, byte != 0x0a, byte != 0x0d {
            if byte == UInt8(ascii: "#"), position > start, [0x20, 0x09].contains(bytes[position - 1]) { break }
            if isIndicator(":") { break }
            if inFlow {
                if [UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}")]
                    .contains(byte)
                {
                    break
                }
            }
            if byte < 0x20, byte != 0x09 { throw fault("a control character") }
            position += 1
        }
        var text = bytes[start..<position]
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return (String(decoding: text, as: UTF8.self), true)
    }

    private mutating func singleQuoted() throws(SpecificationFault) -> String {
        var text: [UInt8] = []
        position += 1
        while let byte, byte >= 0x20 || byte == 0x09 {
            position += 1
            if byte == UInt8(ascii: "'") {
                guard self.byte == byte else { return String(decoding: text, as: UTF8.self) }
                position += 1
            }
            text.append(byte)
        }
        throw fault("a quote that is not closed on its line")
    }

    private mutating func doubleQuoted() throws(SpecificationFault) -> String {
        var text: [UInt8] = []
        position += 1
        while let byte, byte >= 0x20 || byte == 0x09 {
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") { text += try escape() } else { text.append(byte) }
        }
        throw fault("a quote that is not closed on its line")
    }

    private mutating func escape() throws(SpecificationFault) -> [UInt8] {
        guard let byte else { throw fault("unexpected end of the file") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: " "): return [byte]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800..<0xdc00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                let low = try hexadecimal()
                guard (0xdc00..<0xe000).contains(low) else { throw fault("half a surrogate pair") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
            return Array(String(Character(scalar)).utf8)
        default: throw fault("unknown escape `\\\(Character(Unicode.Scalar(byte)))`")
        }
    }

    private mutating func hexadecimal() throws(SpecificationFault) -> UInt32 {
        let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, !digits.hasPrefix("+"), !digits.hasPrefix("-"),
            let code = UInt32(digits, radix: 16)
        else { throw fault("expected four hexadecimal digits") }
        position += 4
        return code
    }
}
