import Testing
import caisson

struct TerminalTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\tb", "a       b"), ("1234567\tb", "1234567 b"), ("漢\tb", "漢      b"),
        ("\u{1B}[31mred\u{1B}[0m", "red"), ("\u{1B}[38;5;12mx", "x"), ("\u{1B}]0;title\u{07}x", "x"),
        ("\u{1B}]8;;http://example.org\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"), ("\u{1B}(Bx", "x"), ("\u{1B}cx", "x"),
        ("\u{1B}[2J\u{1B}[Hx", "x"), ("\u{1B}[?25lx", "x"), ("\u{9B}31mx", "x"), ("\u{1B}P1$qm\u{1B}\\x", "x"),
        ("cut \u{1B}[3", "cut "), ("cut \u{1B}]0;title", "cut "), ("\u{1B}[3漢", "漢"), ("a\u{07}\u{0}\u{7F}b", "ab"),
        (" 10%\r 20%\r", " 20%"), ("done\r", "done"), ("long text\rab", "ab"), ("abc\u{8}\u{8}x", "ax"),
        ("\u{8}\u{8}x", "x"), ("a\u{202E}b\u{2066}c", "abc"), ("a\u{200B}b\u{FEFF}", "ab"), ("a\u{2028}b", "a b"),
        ("e\u{301}", "e\u{301}"), ("\u{301}e", "e"), ("👩\u{200D}🚀", "👩\u{200D}🚀"),
    ])
    func textIsMadeHarmless(_ raw: String, _ expected: String) { #expect(PrintableText(raw).text == expected) }

    @Test func bytesThatAreNoTextAreShownAsSuch() {
        #expect(PrintableText([0x61, 0xFF, 0x1B, 0x5B, 0x6D] as [UInt8]).text == "a\u{FFFD}")
    }

    @Test func marksOnOneCharacterAreBounded() {
        let text = PrintableText("e" + String(repeating: "\u{301}", count: 5000)).text
        #expect(text.unicodeScalars.count < 20)
    }

    /// No byte sequence leaves a control character, whatever it pretends to be.
    @Test func nothingThatMovesTheCursorPasses() {
        var generator = SystemRandomNumberGenerator()
        let parts: [String] = [
            "\u{1B}", "[", "]", "P", "\\", "\u{9B}", "\u{9C}", "\u{7}", "\r", "\n", "\t", "\u{8}", "3", ";", "m", "漢",
            "a",
            "\u{301}", "\u{202E}", "\u{2028}", "\u{85}",
        ]
        for _ in 0..<3000 {
            let raw = (0..<12).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            let text = PrintableText(raw).text
            let isHarmless = text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0.value != 0x202E && $0.value != 0x2028
            }
            #expect(isHarmless, "\(raw.debugDescription) gives \(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("ｱ", 1), ("Ａ", 2), ("🎉", 2), ("한", 2), ("✔", 1), ("…", 1), ("", 0),
    ])
    func widthIsThatOfTheTerminal(_ text: String, _ width: Int) { #expect(DisplayWidth.of(text) == width) }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("漢字漢字", 8, "漢字漢字"), ("漢字漢字", 7, "漢字漢…"), ("漢字漢字", 6, "漢字…"),
        ("ae\u{301}bc", 3, "ae\u{301}…"), ("abc", 1, "…"), ("abc", 0, ""), ("", 0, ""),
    ])
    func linesAreCutByColumns(_ text: String, _ columns: Int, _ expected: String) {
        let line = ScreenLine(text).fitted(to: columns)
        #expect(line.text == expected && line.width <= max(columns, 0))
    }

    @Test func styleIsClosedInEveryLine() {
        var line = ScreenLine("a", .bad)
        line.add("漢字", .faint)
        #expect(line.fitted(to: 4).rendered(inColor: true) == "\u{1B}[1;31ma\u{1B}[0m\u{1B}[2m漢…\u{1B}[0m")
        #expect(line.rendered(inColor: false) == "a漢字")
    }
}
