import Testing
import caisson

struct UTF8DecoderTests {
    static let text = "aé漢🎉\u{301}z"

    @Test(arguments: 1...7) func charactersSurviveAnyCut(_ size: Int) {
        var decoder = UTF8Decoder()
        var result = ""
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = decoder.decode(Array(bytes[start..<min(start + size, bytes.count)]))
            #expect(!piece.contains("\u{FFFD}"))
            result += piece
        }
        #expect(result + decoder.finish() == Self.text)
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0xE6, 0xBC], "\u{FFFD}"), ([0x80, 0x80, 0x80, 0x80], nil),
            ([0xF0, 0x9F, 0x8E], "\u{FFFD}"),
        ] as [([UInt8], String?)])
    func whatIsNoTextIsReplacedAndNothingIsKeptBack(_ bytes: [UInt8], _ expected: String?) {
        var decoder = UTF8Decoder()
        let text = decoder.decode(bytes) + decoder.finish()
        #expect(text == expected ?? String(decoding: bytes, as: UTF8.self))
    }

    @Test func lineTooLongIsCutBetweenCharacters() {
        var splitter = LineSplitter()
        let pieces = splitter.add(Array(String(repeating: "漢", count: 30_000).utf8))
        #expect(pieces.count == 1)
        for piece in pieces { #expect(String(validating: piece, as: UTF8.self) != nil) }
        #expect(pieces.reduce(splitter.rest.count) { $0 + $1.count } == 90_000)
    }
}
