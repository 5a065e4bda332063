import OCI
import Testing

struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digestIsSHA256(text: String, hex: String) throws {
        let digest = Digest.of(Array(text.utf8))
        #expect(digest.hex == hex && digest.description == "sha256:" + hex)
        #expect(try Digest(parsing: "sha256:" + hex) == digest)
        #expect(Digest(bytes: digest.bytes) == digest && Digest(hex: hex) == digest)
        #expect(digest.short == hex.prefix(12))
    }

    @Test(arguments: [
        "", "sha256", "sha256:", "sha256:00", ":00", "md5:" + String(repeating: "0", count: 32),
        "sha512:" + String(repeating: "0", count: 128), "SHA256:" + String(repeating: "0", count: 64),
        "sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "0", count: 63),
        "sha256:" + String(repeating: "0", count: 65), "sha256:" + String(repeating: "g", count: 64),
        "sha256:../../etc/passwd", "sha256:" + String(repeating: "0", count: 63) + "\u{0}",
        "sha256:" + String(repeating: "٠", count: 64), " sha256:" + String(repeating: "0", count: 64),
        "sha256+b64:" + String(repeating: "0", count: 64),
    ])
    func otherTextIsNoDigest(text: String) {
        #expect { try Digest(parsing: text) } throws: { ($0 as? OCIError)?.code == .invalidDigest }
    }

    @Test func pieceByPieceIsTheSameAsAtOnce() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hasher = SHA256Hasher()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            hasher.update(bytes[start..<min(start + 777, bytes.count)])
        }
        #expect(hasher.finish() == Digest.of(bytes))
        // It starts anew.
        #expect(hasher.finish() == Digest.of([]))
    }

    @Test func orderIsThatOfTheText() {
        let digests = (0..<50).map { Digest.of([UInt8($0)]) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }

    /// The example of image-spec's config.md: chainID(A) is A; of A|B, the digest of both with a space between.
    @Test func chainIDFollowsTheSpecification() {
        let layers = (0..<3).map { DiffID(.of([UInt8($0)])) }
        #expect(ChainID(of: []) == nil)
        #expect(ChainID(of: layers.prefix(1))?.digest == layers[0].digest)
        let two = Digest.of(Array("\(layers[0]) \(layers[1])".utf8))
        #expect(ChainID(of: layers.prefix(2))?.digest == two)
        #expect(ChainID(of: layers)?.digest == Digest.of(Array("\(two) \(layers[2])".utf8)))
    }
}
