extension UInt8 {
    static let backslash = UInt8(ascii: "\\")
    static let slash = UInt8(ascii: "/")
    static let newline = UInt8(ascii: "\n")

    /// Space, tab, line feed, vertical tab, form feed or carriage return.
    var isASCIISpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
    var isASCIIDigit: Bool { (0x30...0x39).contains(self) }
    var isASCIILetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}

extension BidirectionalCollection where Element == UInt8 {
    /// The same bytes without white space at both ends.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isASCIISpace }), let last = lastIndex(where: { !$0.isASCIISpace })
        else { return self[endIndex..<endIndex] }
        return self[first...last]
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}

extension ArraySlice<UInt8> {
    /// The offset of the first byte that is not part of a well-formed UTF-8 sequence.
    var firstInvalidUTF8: Int? {
        if allSatisfy({ $0 < 0x80 }) { return nil }
        var decoder = Unicode.UTF8()
        var iterator = makeIterator()
        var offset = startIndex
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}
