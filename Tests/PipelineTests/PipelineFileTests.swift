import Foundation
import OCI
import Pipeline
import Testing

@Suite struct PipelineFileTests {
    static func good(_ name: String) throws -> PipelineFile {
        let url = CorpusTests.folder.appending(path: "good/\(name).yaml")
        return try PipelineFile.parse(String(contentsOf: url, encoding: .utf8), fileName: url.lastPathComponent).file
    }

    @Test func everyKeyOfTheSchemaArrives() throws {
        let file = try Self.good("team")
        #expect(file.name.text == "team")
        #expect(file.repository.text == "https://git.example.org/team/web.git")
        #expect(file.triggers.map(\.name.text) == ["main", "branches", "release"])
        #expect(file.build.dockerfile == "docker/Dockerfile")
        #expect(file.build.network == .none)
        #expect(file.build.epoch == .commit)
        #expect(file.build.arguments.map(\.name) == ["CONFIGURATION", "COMMIT", "LITERAL"])
        #expect(file.checks.map(\.target) == ["lint", "test", "app"])
        #expect(file.checks.map(\.timeLimit) == [nil, .seconds(900), nil])
        #expect(file.checks[2].command == ["/app", "--self-test"])
        #expect(file.images.map(\.repository) == [RepositoryName(registry: "127.0.0.1:5000", path: "team/web")])
        #expect(file.images[0].tags.map(\.templates.count) == [2, 1, 4])
        let limits = Limits(
            time: .seconds(1800), memory: ByteCount(configured: "4GiB"), cpus: 1.5, processes: 512)
        #expect(file.limits == limits)
    }

    @Test func plainScalarsFollowTheCoreSchema() throws {
        let file = try Self.good("anchors")
        #expect(file.triggers[1].refs.literals == ["next", "on", "yes", "1.10"])
    }

    @Test func mergeKeysFillInWhatIsNotGiven() throws {
        let file = try Self.good("anchors")
        #expect(file.checks.map(\.target) == ["test", "other"])
        #expect(file.checks.map(\.timeLimit) == [.seconds(90), .seconds(90)])
    }

    @Test(arguments: [
        ("refs/heads/main", ["main"]), ("refs/heads/feature/a/b", ["branches"]), ("refs/heads/feature/old-x", []),
        ("refs/tags/v1.0", ["release"]), ("refs/tags/main", []), ("refs/heads/other", []),
    ])
    func refsSetOffTheirTriggers(ref: String, expected: [String]) throws {
        let file = try Self.good("team")
        #expect(file.triggers(for: try #require(RefName(full: ref))).map(\.name.text) == expected)
    }

    @Test func pollingAsksForLittleMoreThanTheTriggersNeed() throws {
        #expect(try Self.good("team").refPrefixes == ["refs/heads/feature/", "refs/heads/main", "refs/tags/"])
    }

    @Test func pathsDecideWhichChangesCount() throws {
        let paths = try #require(try Self.good("team").triggers[1].paths)
        #expect(["src/a.c", "src/a/b.c"].allSatisfy { paths.matches($0) })
        #expect(!["README.md", "src/docs/a.md"].contains { paths.matches($0) })
    }

    @Test func numbersInArgumentsAreQuestioned() throws {
        let text = """
            schema: 1
            repo: https://git.example.org/a
            triggers: { main: { branch: main } }
            build: { args: { VERSION: 6.10, JOBS: 4 } }
            checks: { a: a }
            """
        let parsed = try PipelineFile.parse(text, fileName: "a.yaml")
        #expect(parsed.warnings.map(\.message) == ["argument `VERSION` looks like a number"])
        #expect(parsed.file.build.arguments.map(\.value.text) == ["6.10", "4"])
    }

    @Test(arguments: ["Web.yaml", ".yaml", "a b.yaml", "-a.yaml"]) func fileNameMustBeAPipelineName(name: String) {
        let text = "schema: 1\nrepo: https://git.example.org/a\ntriggers: {main: {branch: main}}\nchecks: {a: a}\n"
        #expect(throws: ConfigError.self) { try PipelineFile.parse(text, fileName: name) }
    }

    @Test func oversizedFileIsRefused() {
        let bytes = [UInt8](repeating: 0x23, count: 256 * 1024 + 1)
        #expect(throws: ConfigError.self) { try ConfigSource.decode(bytes, name: "a.yaml") }
    }

    @Test func textThatIsNotUTF8IsLocated() throws {
        let error = #expect(throws: ConfigError.self) {
            try ConfigSource.decode(Array("schema: 1\nrepo: ".utf8) + [0xFF], name: "a.yaml")
        }
        #expect(error?.diagnostics.first?.span == SourceSpan(line: 2, column: 7))
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<200) func noInputCrashesTheReader(seed: Int) {
        var generator = SplitMix(state: UInt64(seed))
        let pieces = [
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", "*a", "&a ", "?", "'", "\"", "|", ">", "#", "!t ",
            "<<", ",", "\t", "schema: 1\n", "---\n", "...\n", "\u{2028}", "\\", "%", "@", "é", "\0", "1",
        ]
        let text = (0..<60).map { _ in pieces[Int(generator.next() % UInt64(pieces.count))] }.joined()
        #expect(throws: ConfigError.self) { try PipelineFile.parse(text, fileName: "a.yaml") }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
