/// Reads the fields of one header block. Borrows the block; never outlives the call it was made for.
struct HeaderFields {
    let block: UnsafeRawBufferPointer

    var type: UInt8 { block[Tar.Field.type] }

    var isZero: Bool { block[0] == 0 && block.allSatisfy { $0 == 0 } }

    /// Some old writers summed signed characters.
    var hasValidChecksum: Bool {
        guard let stored = number(Tar.Field.checksum) else { return false }
        let sum = Tar.checksum(block)
        if stored == Int64(sum) { return true }
        let negative = block.count { $0 >= 128 } - block[Tar.Field.checksum].count { $0 >= 128 }
        return stored == Int64(sum - 256 * negative)
    }

    /// The bytes of a text field up to its first zero.
    func text(_ field: Range<Int>) -> UnsafeRawBufferPointer {
        var end = field.lowerBound
        while end < field.upperBound, block[end] != 0 { end += 1 }
        return UnsafeRawBufferPointer(rebasing: block[field.lowerBound..<end])
    }

    /// The name with its prefix, where the flavour of the header has one.
    var name: [UInt8] {
        let name = text(Tar.Field.name)
        // GNU's own flavour, `ustar` and two spaces, keeps times in the place of the prefix.
        guard block[Tar.Field.magic].elementsEqual("ustar\u{0}00".utf8), block[Tar.Field.prefix.lowerBound] != 0 else {
            return Array(name)
        }
        // Schilling's star ends its shorter prefix before two times.
        let isStar = block[508..<512].elementsEqual("tar\u{0}".utf8)
        let prefix = text(isStar ? Tar.Field.prefix.lowerBound..<Tar.Field.prefix.lowerBound + 131 : Tar.Field.prefix)
        var result: [UInt8] = []
        result.reserveCapacity(prefix.count + 1 + name.count)
        result.append(contentsOf: prefix)
        result.append(UInt8(ascii: "/"))
        result.append(contentsOf: name)
        return result
    }

    /// A number in octal digits, or in GNU's base 256 with the first bit set; blank is zero. nil for anything else and
    /// for what 64 bits cannot hold.
    func number(_ field: Range<Int>) -> Int64? {
        if block[field.lowerBound] & 0x80 != 0 { return binaryNumber(field) }
        var index = field.lowerBound
        while index < field.upperBound, block[index] == UInt8(ascii: " ") { index += 1 }
        var value: Int64 = 0
        while index < field.upperBound, block[index] &- UInt8(ascii: "0") < 8 {
            value = value << 3 | Int64(block[index] - UInt8(ascii: "0"))
            index += 1
        }
        // Twelve octal digits are 36 bits: no overflow.
        while index < field.upperBound {
            guard block[index] == 0 || block[index] == UInt8(ascii: " ") else { return nil }
            index += 1
        }
        return value
    }

    private func binaryNumber(_ field: Range<Int>) -> Int64? {
        let isNegative = block[field.lowerBound] & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for index in field {
            // The first bit says "binary", the second is the sign.
            let byte = index == field.lowerBound ? block[index] & 0x7F | (isNegative ? 0x80 : 0) : block[index]
            let (high, overflow) = value.multipliedReportingOverflow(by: 256)
            if overflow { return nil }
            value = high | Int64(byte)
        }
        return value
    }
}
