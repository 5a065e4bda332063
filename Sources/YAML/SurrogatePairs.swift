/// JSON is YAML but for characters beyond U+FFFF, which its strings may have as two escapes, `\uD83D\uDE00`, where YAML
/// knows one alone, `\U0001F600`.
enum SurrogatePairs {
    /// A text that begins with a bracket, with such pairs as YAML writes them; any other as it is.
    static func joined(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let text = Array(bytes)
        guard let first = text.first(where: { !" \t\r\n".utf8.contains($0) }), "{[".utf8.contains(first),
            text.contains(UInt8(ascii: "\\"))
        else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else {
                result.append(text[index])
                index += 1
                continue
            }
            if let high = unit(text, at: index), let low = unit(text, at: index + 6), (0xD800..<0xDC00).contains(high),
                (0xDC00..<0xE000).contains(low)
            {
                let scalar: UInt32 = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                let digits = String(scalar, radix: 16, uppercase: true)
                result += "\\U\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)".utf8
                index += 12
            } else {
                result += text[index...index + 1]
                index += 2
            }
        }
        return result
    }

    /// Of `\uXXXX` at `index`.
    private static func unit(_ text: [UInt8], at index: Int) -> UInt32? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var value: UInt32 = 0
        for byte in text[(index + 2)..<(index + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
