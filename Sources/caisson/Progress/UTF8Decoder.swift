/// Text of a byte stream whose pieces end anywhere, also inside a character.
package struct UTF8Decoder: Sendable {
    /// The begin of a character.
    private var rest: [UInt8] = []

    package init() {}

    /// The text up to the last whole character; what is no UTF-8 is replaced.
    package mutating func decode(_ bytes: [UInt8]) -> String {
        let all = rest + bytes
        let end = all.count - Self.unfinished(all[...])
        rest = Array(all[end...])
        return String(decoding: all[..<end], as: UTF8.self)
    }

    /// What is left at the end of the stream.
    package mutating func finish() -> String {
        defer { rest = [] }
        return String(decoding: rest, as: UTF8.self)
    }

    /// How many bytes at the end are the begin of a character that may yet come.
    package static func unfinished(_ bytes: ArraySlice<UInt8>) -> Int {
        for (position, byte) in bytes.reversed().prefix(3).enumerated() where byte & 0xC0 != 0x80 {
            let length =
                switch byte {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            return position + 1 < length ? position + 1 : 0
        }
        return 0
    }
}
