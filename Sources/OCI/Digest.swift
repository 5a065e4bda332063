internal import CCrypto

/// A SHA-256 content digest, `sha256:<64 lower-case hex digits>` (image-spec 1.1, descriptor.md).
///
/// Four words instead of a string: hashable without a heap object, 32 bytes. Other registered algorithms are refused
/// when parsed.
package struct Digest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// The digest whose 32 bytes are `bytes`; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// Parses `sha256:<hex>`.
    package init(parsing text: some StringProtocol) throws(OCIError) {
        let text = String(text)
        if text.hasPrefix("sha256:") {
            guard let digest = Digest(digits: text.utf8.dropFirst(7)) else {
                throw OCIError(.invalidDigest, "digest `\(text)` is not 64 lower-case hexadecimal digits")
            }
            self = digest
            return
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw OCIError(.invalidDigest, "digest `\(text)` has no algorithm")
        }
        throw OCIError(
            .invalidDigest, "digest `\(text)` uses the algorithm `\(text[..<colon])`, only sha256 is supported")
    }

    /// The digest whose lower-case hex form is `hex`; nil for anything else.
    package init?(hex: some StringProtocol) { self.init(digits: String(hex).utf8[...]) }

    /// Of one type, not of any text: the records of a store name digests by the million.
    private init?(digits: Substring.UTF8View) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var count = 0
        for character in digits {
            let nibble: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            switch count / 16 {
            case 0: words.0 = words.0 << 4 | UInt64(nibble)
            case 1: words.1 = words.1 << 4 | UInt64(nibble)
            case 2: words.2 = words.2 << 4 | UInt64(nibble)
            case 3: words.3 = words.3 << 4 | UInt64(nibble)
            default: return nil
            }
            count += 1
        }
        guard count == 64 else { return nil }
        self.words = words
    }

    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }

    /// 64 lower-case hexadecimal digits: the name of the content in a store.
    package var hex: String {
        var characters: [UInt8] = []
        characters.reserveCapacity(64)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 60, through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: word >> UInt64(shift) & 0xF)
                characters.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The digest of `bytes`.
    package static func of(_ bytes: [UInt8]) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

extension Digest: CustomStringConvertible, Comparable {
    package var description: String { "sha256:" + hex }

    /// The first twelve digits, for people.
    package var short: String { String(hex.prefix(12)) }

    package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
}

/// Incremental SHA-256 by libcrypto, which uses the CPU's own instructions.
package struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    // Sendable: the context has one owner, which the type system moves between threads but never shares.
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        precondition(EVP_DigestUpdate(context, base, bytes.count) == 1)
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of everything so far; the hasher starts anew.
    package mutating func finish() -> Digest {
        let bytes = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1)
            count = 32
        }
        precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1)
        guard let digest = Digest(bytes: bytes) else { preconditionFailure("a SHA-256 has 32 bytes") }
        return digest
    }
}
