/// Digests in hexadecimal that names in old files are made from: MD5 (RFC 1321), SHA-1 and SHA-512 (FIPS 180-4).
/// Nothing rests on their strength here.
enum MessageDigest {
    static func md5(_ message: [UInt8]) -> String {
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
        let shifts: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]
        for block in blocks(of: message, size: 64, isBigEndian: false) {
            let words = (0..<16).map { index in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(block[block.startIndex + index * 4 + $1]) << UInt32(8 * $1) }
            }
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            for round in 0..<64 {
                let (mix, word): (UInt32, Int) =
                    switch round / 16 {
                    case 0: (b & c | ~b & d, round)
                    case 1: (d & b | ~d & c, (5 * round + 1) % 16)
                    case 2: (b ^ c ^ d, (3 * round + 5) % 16)
                    default: (c ^ (b | ~d), 7 * round % 16)
                    }
                let sum = a &+ mix &+ sines[round] &+ words[word]
                (a, d, c) = (d, c, b)
                b = b &+ rotated(sum, shifts[round / 16][round % 4])
            }
            state = zip(state, [a, b, c, d]).map { $0 &+ $1 }
        }
        return hexadecimal(state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
    }

    static func sha1(_ message: [UInt8]) -> String {
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        for block in blocks(of: message, size: 64, isBigEndian: true) {
            var words = (0..<16).map { index in
                (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[block.startIndex + index * 4 + $1]) }
            }
            for index in 16..<80 {
                words.append(rotated(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
            }
            var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
            for round in 0..<80 {
                let (mix, constant): (UInt32, UInt32) =
                    switch round / 20 {
                    case 0: (b & c | ~b & d, 0x5a82_7999)
                    case 1: (b ^ c ^ d, 0x6ed9_eba1)
                    case 2: (b & c | b & d | c & d, 0x8f1b_bcdc)
                    default: (b ^ c ^ d, 0xca62_c1d6)
                    }
                let next = rotated(a, 5) &+ mix &+ e &+ constant &+ words[round]
                (e, d, c, b, a) = (d, c, rotated(b, 30), a, next)
            }
            state = zip(state, [a, b, c, d, e]).map { $0 &+ $1 }
        }
        return hexadecimal(bigEndian(state))
    }

    static func sha512(_ message: [UInt8]) -> String {
        var state: [UInt64] = primes.prefix(8).map { root($0, cubic: false) }
        let constants = primes.map { root($0, cubic: true) }
        for block in blocks(of: message, size: 128, isBigEndian: true) {
            var words = (0..<16).map { index in
                (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(block[block.startIndex + index * 8 + $1]) }
            }
            for index in 16..<80 {
                let (x, y) = (words[index - 15], words[index - 2])
                let first = rotatedRight(x, 1) ^ rotatedRight(x, 8) ^ x >> 7
                let second = rotatedRight(y, 19) ^ rotatedRight(y, 61) ^ y >> 6
                words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
            }
            var v = state
            for round in 0..<80 {
                let (a, e) = (v[0], v[4])
                let first =
                    v[7] &+ (rotatedRight(e, 14) ^ rotatedRight(e, 18) ^ rotatedRight(e, 41)) &+ (e & v[5] ^ ~e & v[6])
                    &+ constants[round] &+ words[round]
                let second =
                    (rotatedRight(a, 28) ^ rotatedRight(a, 34) ^ rotatedRight(a, 39))
                    &+ (a & v[1] ^ a & v[2] ^ v[1] & v[2])
                v = [first &+ second, a, v[1], v[2], v[3] &+ first, e, v[5], v[6]]
            }
            state = zip(state, v).map { $0 &+ $1 }
        }
        return hexadecimal(bigEndian(state))
    }

    // MARK: Parts

    /// The message, a bit, zeros and its length, in blocks.
    private static func blocks(of message: [UInt8], size: Int, isBigEndian: Bool) -> [ArraySlice<UInt8>] {
        var bytes = message + [0x80]
        let lengthSize = size / 8
        while bytes.count % size != size - lengthSize { bytes.append(0) }
        let length = UInt64(message.count) * 8
        if lengthSize == 16 { bytes += [UInt8](repeating: 0, count: 8) }
        bytes += isBigEndian ? bigEndian([length]) : (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<$0 + size] }
    }

    private static func bigEndian<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
        let count = Word.bitWidth / 8
        return words.flatMap { word in
            (0..<count).map { UInt8(truncatingIfNeeded: word >> Word(8 * (count - 1 - $0))) }
        }
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
    private static func rotatedRight(_ word: UInt64, _ count: UInt64) -> UInt64 { word >> count | word << (64 - count) }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// `floor(2^32 × |sin(i + 1)|)`, by the series of the sine.
    private static let sines: [UInt32] = (1...64).map { index in
        let circle = 6.283_185_307_179_586_476_9
        let angle = Double(index).truncatingRemainder(dividingBy: circle)
        let reduced = angle > circle / 2 ? angle - circle : angle
        var (sum, term) = (0.0, reduced)
        for odd in stride(from: 1.0, through: 41, by: 2) {
            sum += term
            term *= -reduced * reduced / ((odd + 1) * (odd + 2))
        }
        return UInt32(sum.magnitude * 4_294_967_296)
    }

    private static let primes: [UInt64] = {
        var primes: [UInt64] = []
        var candidate: UInt64 = 2
        while primes.count < 80 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes
    }()

    /// The first 64 bits of the fraction of a prime's square or cube root, found bit by bit.
    private static func root(_ prime: UInt64, cubic: Bool) -> UInt64 {
        // The root times 2^64 is below 2^68; its square or cube is compared with prime × 2^128 or × 2^192.
        let exponent = cubic ? 192 : 128
        var root: [UInt32] = [0, 0, 0]
        let wanted = Self.shifted(prime, by: exponent)
        for bit in (0..<68).reversed() {
            var trial = root
            trial[bit / 32] |= 1 << UInt32(bit % 32)
            let square = product(trial, trial)
            if !isLess(wanted, cubic ? product(square, trial) : square) { root = trial }
        }
        return UInt64(root[1]) << 32 | UInt64(root[0])
    }

    // Numbers as 32-bit words, the lowest first.
    private static func shifted(_ value: UInt64, by bits: Int) -> [UInt32] {
        [UInt32](repeating: 0, count: bits / 32) + [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)]
    }

    private static func product(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var result = [UInt32](repeating: 0, count: a.count + b.count)
        for (i, x) in a.enumerated() {
            var carry: UInt64 = 0
            for (j, y) in b.enumerated() {
                carry += UInt64(x) * UInt64(y) + UInt64(result[i + j])
                result[i + j] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            result[i + b.count] = UInt32(truncatingIfNeeded: carry)
        }
        return result
    }

    private static func isLess(_ a: [UInt32], _ b: [UInt32]) -> Bool {
        for index in (0..<max(a.count, b.count)).reversed() {
            let (x, y) = (index < a.count ? a[index] : 0, index < b.count ? b[index] : 0)
            if x != y { return x < y }
        }
        return false
    }
}
