extension JSON {
    /// Parses one JSON document (RFC 8259). Refused: invalid UTF-8, duplicate names, anything after the document,
    /// nesting deeper than 128.
    package init(parsing bytes: [UInt8]) throws(OCIError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw OCIError(.invalidDocument, "document is not UTF-8")
        }
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// A recursive-descent parser over bytes known to be UTF-8.
private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(OCIError) -> JSON {
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard position == bytes.count else { throw error("unexpected text after the document") }
        return value
    }

    private func error(_ what: String) -> OCIError {
        OCIError(.invalidDocument, "invalid JSON at byte \(position): \(what)")
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ expected: Character) -> Bool {
        guard position < bytes.count, bytes[position] == expected.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(OCIError) -> JSON {
        guard depth < 128 else { throw error("nested too deeply") }
        skipWhiteSpace()
        guard position < bytes.count else { throw error("unexpected end") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ text: String, _ value: JSON) throws(OCIError) -> JSON {
        guard bytes[position...].starts(with: text.utf8) else { throw error("unexpected character") }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(OCIError) -> JSON {
        position += 1
        var members: [JSONObject.Member] = []
        skipWhiteSpace()
        if take("}") { return .object(JSONObject()) }
        repeat {
            skipWhiteSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw error("expected a name") }
            let name = try string()
            skipWhiteSpace()
            guard take(":") else { throw error("expected `:`") }
            members.append(.init(name: name, value: try value(depth: depth + 1)))
            skipWhiteSpace()
        } while take(",")
        guard take("}") else { throw error("expected `,` or `}`") }
        guard Set(members.map { Array($0.name.utf8) }).count == members.count else {
            throw error("an object has two members of one name")
        }
        return .object(JSONObject(members: members))
    }

    private mutating func array(depth: Int) throws(OCIError) -> JSON {
        position += 1
        var values: [JSON] = []
        skipWhiteSpace()
        if take("]") { return .array([]) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipWhiteSpace()
        } while take(",")
        guard take("]") else { throw error("expected `,` or `]`") }
        return .array(values)
    }

    private mutating func string() throws(OCIError) -> String {
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw error("control character in a string")
            default: content.append(byte)
            }
        }
        throw error("unterminated string")
    }

    private mutating func escape(into content: inout [UInt8]) throws(OCIError) {
        guard position < bytes.count else { throw error("unterminated string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800..<0xdc00).contains(code), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hexadecimal()
                guard (0xdc00..<0xe000).contains(low) else { throw error("unpaired surrogate") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("unpaired surrogate") }
            content.append(contentsOf: String(Character(scalar)).utf8)
        default: throw error("unknown escape")
        }
    }

    private mutating func hexadecimal() throws(OCIError) -> UInt32 {
        guard position + 4 <= bytes.count, bytes[position..<position + 4].allSatisfy({ isHexadecimal($0) }),
            let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw error("expected four hexadecimal digits") }
        position += 4
        return code
    }

    private func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        return position - start
    }

    private mutating func number() throws(OCIError) -> JSON {
        let start = position
        _ = take("-")
        let leadingZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
        let count = digits()
        guard count > 0, !(leadingZero && count > 1) else { throw error("unexpected character") }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { throw error("expected a digit") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw error("expected a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }
}
