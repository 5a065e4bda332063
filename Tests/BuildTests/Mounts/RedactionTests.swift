import Build
import Testing

/// Secrets in what a step writes, wherever its writes begin and end.
struct RedactionTests {
    private static func shown(_ chunks: [String], _ secrets: [String]) -> String {
        let redaction = Redaction(secrets.map { Secret(Array($0.utf8)) })
        var bytes: [UInt8] = []
        for chunk in chunks { bytes += redaction.pass(Array(chunk.utf8), of: .standardOutput) }
        bytes += redaction.end(of: .standardOutput)
        return String(decoding: bytes, as: UTF8.self)
    }

    static let cases: [(secrets: [String], text: String, shown: String)] = [
        (["hidden"], "a hidden b hiddenhidden", "a **** b ********"),
        (["hidden\n"], "hidden", "****"),
        (["hidden"], "hid", "hid"),
        (["aaab"], "aaaab", "a****"),
        (["abcd", "abcdefgh"], "abcdefg abcdefgh", "****efg ****"),
        (["abcdefgh", "bcde"], "abcdef", "a****f"),
        (["abc"], "abc", "abc"),
        (["first line of it\nok\nsecond line of it\n"], "second line of it\r\nok\n", "****\r\nok\n"),
        ([], "anything", "anything"),
        (["h\u{e9}lico"], "un h\u{e9}lico", "un ****"),
    ]

    @Test(arguments: cases)
    func secretsAreMaskedWhereverWritesEnd(_ example: (secrets: [String], text: String, shown: String)) {
        #expect(Self.shown([example.text], example.secrets) == example.shown)
        let text = Array(example.text.unicodeScalars).map(String.init)
        #expect(Self.shown(text, example.secrets) == example.shown)
        for cut in 1..<max(2, text.count) {
            let parts = [text[..<min(cut, text.count)].joined(), text[min(cut, text.count)...].joined()]
            #expect(Self.shown(parts, example.secrets) == example.shown, "cut at \(cut)")
        }
    }

    @Test func streamsAreApart() {
        let redaction = Redaction([Secret(Array("hidden".utf8))])
        #expect(redaction.pass(Array("a hid".utf8), of: .standardOutput) == Array("a ".utf8))
        #expect(redaction.pass(Array("den".utf8), of: .standardError) == Array("den".utf8))
        #expect(redaction.pass(Array("den".utf8), of: .standardOutput) == Array("****".utf8))
    }

    @Test func whatIsNoSecretPassesAtOnce() {
        let redaction = Redaction([Secret(Array("hidden".utf8))])
        #expect(redaction.pass(Array("name? ".utf8), of: .standardOutput) == Array("name? ".utf8))
    }

    @Test func noPrintingShowsASecret() {
        let secret = Secret(Array("hidden".utf8))
        let secrets = BuildSecrets(secrets: ["a": secret])
        var dumped = ""
        dump(secrets, to: &dumped)
        for text in ["\(secret)", "\(secrets)", String(reflecting: secrets), dumped] {
            #expect(!text.contains("hidden") && !text.contains("104"), "\(text)")
        }
    }
}
