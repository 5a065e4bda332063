/// Reads JSON (RFC 8259) strictly: exec form is chosen exactly when the text is valid.
struct JSONParser {
    /// An element of the outermost array with where it stands in the input.
    struct Element {
        let value: JSONValue
        let offsets: Range<Int>
    }

    private static let maximumDepth = 100
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The elements of an array that fills the whole input, or nil if the input is not such an array.
    static func array(_ bytes: ArraySlice<UInt8>) -> [Element]? {
        var parser = JSONParser(bytes)
        parser.skipSpace()
        guard let elements = parser.elements(depth: 0) else { return nil }
        parser.skipSpace()
        return parser.position == bytes.endIndex ? elements : nil
    }

    static func value(_ bytes: ArraySlice<UInt8>) -> JSONValue? {
        var parser = JSONParser(bytes)
        guard let value = parser.value(depth: 0) else { return nil }
        parser.skipSpace()
        return parser.position == bytes.endIndex ? value : nil
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard let expected = character.asciiValue, next == expected else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func elements(depth: Int) -> [Element]? {
        guard depth < Self.maximumDepth, take("[") else { return nil }
        var elements: [Element] = []
        skipSpace()
        if take("]") { return elements }
        repeat {
            skipSpace()
            let start = position
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(Element(value: value, offsets: start..<position))
            skipSpace()
        } while take(",")
        return take("]") ? elements : nil
    }

    private mutating func members(depth: Int) -> [JSONValue.Member]? {
        guard depth < Self.maximumDepth, take("{") else { return nil }
        var members: [JSONValue.Member] = []
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            guard let name = string() else { return nil }
            skipSpace()
            guard take(":"), let value = value(depth: depth + 1) else { return nil }
            members.append(JSONValue.Member(name, value))
            skipSpace()
        } while take(",")
        return take("}") ? members : nil
    }

    private mutating func value(depth: Int) -> JSONValue? {
        skipSpace()
        switch next {
        case UInt8(ascii: "["): return elements(depth: depth).map { .array($0.map(\.value)) }
        case UInt8(ascii: "{"): return members(depth: depth).map { .object($0) }
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return takeAll("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return takeAll("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return takeAll("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func takeAll(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func number() -> JSONValue? {
        let start = position
        _ = take("-")
        guard let first = next, first.isASCIIDigit else { return nil }
        position += 1
        if first != UInt8(ascii: "0") { skipDigits() }
        if take(".") { guard skipDigits() > 0 else { return nil } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { return nil }
        }
        let text = bytes[start..<position].text
        return Int(text).map { .integer($0) } ?? .number(text)
    }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = next, byte.isASCIIDigit { position += 1 }
        return position - start
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var decoded: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return decoded.text
            case UInt8.backslash:
                guard let scalar = escape() else { return nil }
                decoded.append(contentsOf: Array(Character(scalar).utf8))
            case 0..<0x20: return nil
            default: decoded.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8.backslash, UInt8.slash: return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicodeEscape()
        default: return nil
        }
    }

    /// Four hexadecimal digits, or a surrogate pair of two such escapes; half a pair becomes U+FFFD.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let unit = fourDigits() else { return nil }
        guard (0xD800...0xDBFF).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
        let afterHigh = position
        if takeAll("\\u"), let low = fourDigits(), (0xDC00...0xDFFF).contains(low) {
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        }
        position = afterHigh
        return "\u{FFFD}"
    }

    private mutating func fourDigits() -> UInt32? {
        guard bytes.endIndex - position >= 4 else { return nil }
        let digits = bytes[position..<position + 4]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        position += 4
        return UInt32(digits.text, radix: 16)
    }
}
