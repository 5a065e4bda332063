import Dockerfile
import Testing

/// Big and hostile files: read in time that grows with their size. The suite's time limit is what would fail.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    private static let line = String(repeating: "x", count: 40)

    private static let bigFiles: [String] = [
        "FROM scratch\n" + String(repeating: "RUN echo \(line)\n", count: 10_000),
        "FROM scratch\nRUN true " + String(repeating: "\\\n  \(line)", count: 10_000),
        "FROM scratch\nCOPY " + String(repeating: "a \\\n", count: 50_000) + "/b",
        "FROM scratch\nENV " + String(repeating: "a=b \\\n", count: 40_000) + "c=d",
        String(repeating: "ARG a\n", count: 40_000) + "FROM scratch",
        String(repeating: "FROM scratch AS a\n", count: 20_000),
        (0..<10_000).map { "FROM a AS b\($0)\nCOPY --from=b x y\n" }.joined(),
        "FROM scratch\n" + String(repeating: "RUN <<E\nx\nE\n", count: 20_000),
        "FROM scratch\nRUN <<E\n" + String(repeating: "x\n", count: 100_000) + "E",
        "FROM scratch\nCOPY " + String(repeating: "<<E \\\n", count: 10_000) + "/x/\n"
            + String(repeating: "x\nE\n", count: 10_000),
        "FROM scratch\n" + (0..<10_000).map { "ENV a\($0)=$a\($0 + 1)x\n" }.joined(),
        "FROM scratch\nRUN x \\\n" + String(repeating: "# c\n", count: 100_000) + "y",
        "FROM scratch\n" + String(repeating: "#\n", count: 100_000),
    ]

    /// A file that no output shows whole.
    struct BigFile: Sendable, CustomTestStringConvertible {
        let text: String
        var testDescription: String { "\(text.prefix(60).debugDescription) … \(text.utf8.count) bytes" }
    }

    @Test(arguments: bigFiles.map(BigFile.init))
    func bigFilesAreRead(file: BigFile) {
        let parsed = parse(file.text)
        #expect(!DockerfileCheck.check(parsed).hasErrors)
        #expect(parsed.json.serialized().utf8.count > 0)
    }

    @Test func repeatedDirectivesEndInComments() {
        let parsed = parse("# escape=`\n" + String(repeating: "# escape=`\n", count: 50_000) + "FROM a")
        #expect(parsed.diagnostics.count == 20 && parsed.instructions.count == 1)
    }

    @Test func bracketsNestOnlySoDeep() {
        let deep = "FROM a\nCMD " + String(repeating: "[", count: 50_000) + String(repeating: "]", count: 10)
        #expect(errors(deep) == [])
        #expect(
            errors("FROM a\nCMD " + String(repeating: "[", count: 90) + String(repeating: "]", count: 90)) == [
                "the array may only hold strings"
            ])
    }

    @Test func manyMistakesEndInOne() {
        let parsed = parse("FROM a\n" + String(repeating: "BAD\n", count: 100_000))
        #expect(parsed.diagnostics.count == 201)
        #expect(parsed.diagnostics.last?.message == "too many errors")
    }

    @Test func anyBytesAreReadWithoutTrap() {
        // A fixed generator: the same inputs on every run.
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        let pieces =
            [
                "FROM ", "a", "\n", "\\", "\"", "'", "$", "${", "}", "<<E", "E", "--mount=", "[", "]", ",", " ", "\t",
                "#", "RUN ",
                "COPY ", "ENV ", "ONBUILD ", "=", ":", "/", "*", "\r\n", "é", "HEALTHCHECK ", "CMD ", "--", "`",
                "# escape=`\n",
            ].map { Array($0.utf8) } + [[0xFF], [0]]
        for _ in 0..<3_000 {
            var bytes: [UInt8] = []
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes += pieces[Int(state >> 33) % pieces.count]
            }
            let parsed = DockerfileParser.parse(bytes, name: "Dockerfile")
            for diagnostic in DockerfileCheck.check(parsed) { _ = diagnostic.render(in: parsed.source) }
            let ignore = IgnoreFile(bytes, name: ".dockerignore")
            _ = ignore.canSkip(directory: "a/E")
            _ = try? WordExpander().expandToWords(String(decoding: bytes, as: UTF8.self), lookup: { _ in "é*" })
        }
    }
}
