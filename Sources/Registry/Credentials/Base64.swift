/// Base 64 with padding (RFC 4648 §4), as `Authorization` headers and credential files use it.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0..<4 {
                encoded.append(index <= group.count ? alphabet[Int(word >> (18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// nil for anything that is not base 64 of UTF-8 text. Missing padding is accepted, as other tools do.
    package static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var count = 0
        for character in text.utf8.reversed().drop(while: { $0 == UInt8(ascii: "=") }).reversed() {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            word = word << 6 | UInt32(value)
            count += 1
            if count % 4 == 0 {
                bytes += [UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
                word = 0
            }
        }
        switch count % 4 {
        case 0: break
        case 2: bytes.append(UInt8(word >> 4 & 255))
        case 3: bytes += [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)]
        default: return nil
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
