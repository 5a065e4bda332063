/// The name of a git object: SHA-1 (20 bytes) or SHA-256 (32 bytes). Kept without a heap allocation.
package struct ObjectID: Hashable, Sendable, CustomStringConvertible {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0
    /// 20 or 32.
    package let byteCount: Int

    /// Nil unless there are exactly 20 or 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        byteCount = bytes.count
        guard byteCount == 20 || byteCount == 32 else { return nil }
        var index = 0
        for byte in bytes {
            set(byte, at: index)
            index += 1
        }
    }

    /// Nil unless there are exactly 40 or 64 lower-case hexadecimal digits.
    package init?(hex: some Collection<UInt8>) {
        let digits = hex.count
        guard digits == 40 || digits == 64 else { return nil }
        byteCount = digits / 2
        var index = 0
        var high: UInt8?
        for character in hex {
            guard let value = hexadecimalValue(character) else { return nil }
            if let upper = high {
                set(upper << 4 | value, at: index)
                index += 1
                high = nil
            } else {
                high = value
            }
        }
    }

    package init?(_ hex: String) { self.init(hex: hex.utf8) }

    private mutating func set(_ byte: UInt8, at index: Int) {
        let shifted = UInt64(byte) << UInt64(56 - 8 * (index & 7))
        switch index >> 3 {
        case 0: first |= shifted
        case 1: second |= shifted
        case 2: third |= shifted
        default: fourth |= shifted
        }
    }

    package var bytes: [UInt8] {
        (0..<byteCount).map { index in
            let word =
                switch index >> 3 {
                case 0: first
                case 1: second
                case 2: third
                default: fourth
                }
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7)))
        }
    }

    static let zero = ObjectID()

    private init() { byteCount = 20 }

    /// All zero: git's way to say that there is no object.
    package var isZero: Bool { first | second | third | fourth == 0 }

    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: byteCount * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[2 * index] = digits[Int(byte >> 4)]
                buffer[2 * index + 1] = digits[Int(byte & 15)]
            }
            return byteCount * 2
        }
    }

    package var description: String { hex }
}

/// The name of a commit. Only the object's type check at reading makes it certain that a commit is behind it.
package struct CommitID: Hashable, Sendable, CustomStringConvertible {
    package let object: ObjectID

    package init(_ object: ObjectID) { self.object = object }

    /// 40 or 64 lower-case hexadecimal digits.
    package init?(_ hex: String) {
        guard let object = ObjectID(hex) else { return nil }
        self.object = object
    }

    package var hex: String { object.hex }
    package var description: String { object.hex }
    /// Twelve digits, for people.
    package var short: String { String(object.hex.prefix(12)) }
}

func hexadecimalValue(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
}
