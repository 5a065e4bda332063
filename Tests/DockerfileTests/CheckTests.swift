import Dockerfile
import Testing

@Suite struct CheckTests {
    private func rules(_ text: String, ignore: IgnoreFile? = nil) -> [String] {
        DockerfileCheck.check(parse(text), ignore: ignore).compactMap(\.rule)
    }

    @Test(arguments: [
        ("FROM scratch AS Base", ["StageNameCasing"]), ("FROM scratch as b", ["FromAsCasing"]),
        ("from scratch as b", []), ("From scratch as b", ["ConsistentInstructionCasing"]),
        ("From scratch AS b", ["ConsistentInstructionCasing"]),
        ("FROM a\nRUN x \\\n\n y", ["NoEmptyContinuation"]), ("FROM a\nrun x\nRUN y", ["ConsistentInstructionCasing"]),
        ("FROM a AS b\nFROM a AS b", ["DuplicateStageName"]), ("FROM a AS scratch", ["ReservedStageName"]),
        ("FROM a\nCMD x", ["JSONArgsRecommended"]), ("FROM a\nCMD", ["JSONArgsRecommended"]),
        ("FROM a\nSHELL [\"x\"]\nCMD x", []),
        ("FROM a\nMAINTAINER me", ["MaintainerDeprecated"]),
        ("FROM a:$x", ["UndefinedArgInFrom", "InvalidDefaultArgInFrom"]),
        ("ARG x\nFROM a:$x", ["InvalidDefaultArgInFrom"]),
        ("ARG x\nFROM $x/a", ["InvalidDefaultArgInFrom"]), ("ARG x\nFROM a:$x-slim", ["InvalidDefaultArgInFrom"]),
        ("ARG x\nFROM a@$x", ["InvalidDefaultArgInFrom"]), ("ARG x\nFROM a$x", []),
        ("ARG x=Name\nFROM $x", ["InvalidDefaultArgInFrom"]), ("ARG x=Name\nFROM a AS name\nFROM $x", []),
        ("ARG x=Host:5000/a/b:1@sha256:0\nFROM $x", []), ("ARG x\nFROM a_b/c--d${x}:v1.0_$x", []),
        ("ARG x=1\nFROM a:$x", []), ("FROM --platform=$BUILDPLATFORM a", []),
        ("FROM --platform=$TARGETPLATFORM a", ["RedundantTargetPlatform"]),
        ("FROM --platform=linux/arm64 a", ["FromPlatformFlagConstDisallowed"]),
        ("FROM --platform=linux/arm64 a AS build_arm64", []), ("FROM --platform=linux/x86_64 a AS build-amd64", []),
        ("FROM --platform=linux/x86_64 a AS build-arm64", ["FromPlatformFlagConstDisallowed"]),
        ("ARG API_TOKEN\nFROM a", []), ("ARG API_TOKEN\nFROM a\nARG API_TOKEN", ["SecretsUsedInArgOrEnv"]),
        ("FROM a\nWORKDIR x", ["WorkdirRelativePath"]),
        ("FROM a\nWORKDIR /a\nWORKDIR x", []), ("FROM scratch\nCOPY $x /", ["UndefinedVar"]), ("FROM a\nCOPY $x /", []),
        ("FROM scratch\nCOPY ${x:-y} $PATH /", []), ("FROM scratch\nARG x\nCOPY $x /", []),
        ("FROM scratch AS s\nENV y=1\nFROM s\nCOPY $y $z /", ["UndefinedVar"]),
        ("FROM a\nCMD [\"x\"]\nCMD [\"y\"]", ["MultipleInstructionsDisallowed"]),
        ("FROM a\nENV x y", ["LegacyKeyValueFormat"]),
        ("FROM a\nARG API_TOKEN", ["SecretsUsedInArgOrEnv"]), ("FROM a\nENV TOKEN_FILE=x PUBLIC_KEY=y MONKEY=z", []),
        ("FROM a\nEXPOSE 80/TCP", ["ExposeProtoCasing"]), ("FROM a\nEXPOSE 1:80", ["ExposeInvalidFormat"]),
        ("# nothing\nFROM a AS b", []),
        ("# check=experimental=all\n# nothing\nFROM a AS b", ["InvalidDefinitionDescription"]),
        ("# check=experimental=all\n# b is the base\nFROM a AS b", []),
    ])
    func lintRulesFindWhatTheyAreFor(text: String, found: [String]) {
        #expect(rules(text) == found)
    }

    @Test func rulesAreSkippedForAFileOrAnInstruction() {
        #expect(
            rules("# check=skip=MaintainerDeprecated,JSONArgsRecommended\nFROM a\nMAINTAINER m\nCMD x\nENV a b") == [
                "LegacyKeyValueFormat"
            ])
        #expect(rules("# check=skip=all\nFROM a\nMAINTAINER m") == [])
        #expect(rules("FROM a\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d") == ["LegacyKeyValueFormat"])
    }

    @Test func findingsAreErrorsWhenTheFileSaysSo() {
        #expect(DockerfileCheck.check(parse("# check=error=true\nFROM a\nCMD x")).map(\.severity) == [.error])
        #expect(DockerfileCheck.check(parse("FROM a\nCMD x")).map(\.severity) == [.warning])
    }

    @Test func copyOfAnIgnoredFileNamesTheRule() {
        let ignore = IgnoreFile("x\nsecret*\n!secret-not")
        let found = DockerfileCheck.check(parse("FROM a\nCOPY ./secret.txt ok secret-not /"), ignore: ignore)
        #expect(found.map(\.rule) == ["CopyIgnoredFile"])
        #expect(found[0].message == "`./secret.txt` is excluded by .dockerignore line 2 `secret*`")
    }

    @Test func diagnosticsShowThePlace() {
        let source = SourceText("FROM a\n\n# x\nRUN\tcat \\\n  x\nCOPYY a b\nUSER u\n\n\n\nRUN y\n", name: "Dockerfile")
        let parsed = parse(String(decoding: source.bytes, as: UTF8.self))
        #expect(
            parsed.diagnostics[0].render(in: source) == """
                Dockerfile:6:1: error: unknown instruction `COPYY`
                     2 |
                     3 | # x
                     4 | RUN\tcat \\
                     5 |   x
                >>>  6 | COPYY a b
                       | ^~~~~
                     7 | USER u
                     8 |
                     9 |
                    10 |
                hint: did you mean `COPY`?
                """)
    }

    @Test func everyLineOfThePlaceIsMarked() {
        let text = "FROM a\nRUN x\nUSER u\nRUN --mount=targte=/x \\\n  y\nCOPY a \\\n  b \\\n  ${ \\\n  c\n"
        let file = stages(text)
        let marked = file.diagnostics.map { diagnostic in
            diagnostic.render(in: file.source).split(separator: "\n").filter { $0.hasPrefix(">>>") }.map(String.init)
        }
        #expect(marked.first == [">>> 4 | RUN --mount=targte=/x \\"])
        let whole = Diagnostic.error("x", at: file.stages[0].node.range, hint: "a\u{1B}b")
        #expect(whole.render(in: file.source).hasSuffix("hint: a?b"))
        let lines = Diagnostic.error("x", at: file.source.range(lines: 4...5)).render(in: file.source)
        #expect(lines.split(separator: "\n").count { $0.hasPrefix(">>>") } == 2)
    }

    @Test func messagesHoldNoControlCharactersAndAreCut() {
        let long = parse("FROM a\n\u{1B}[2J" + String(repeating: "x", count: 5_000))
        let summary = long.diagnostics[0].summary(in: long.source)
        #expect(!summary.unicodeScalars.contains("\u{1B}") && summary.utf8.count < 600)
    }

    @Test func renderedSourceHoldsNoControlCharacters() {
        let source = SourceText("FROM a\nBAD \u{1B}[31m\u{202E}x", name: "Dockerfile")
        let text = parse("FROM a\nBAD \u{1B}[31m\u{202E}x").diagnostics[0].render(in: source)
        #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
    }

    @Test func veryLongLinesAreCutAroundTheirPlace() {
        let text = "FROM a\nCOPY " + String(repeating: "x ", count: 20_000) + "${ y"
        let parsed = parse(text)
        let rendered = DockerfileStages(parsed).diagnostics
        #expect(errors("FROM a\nUSER " + String(repeating: "x", count: 20_000) + "${").count == 1)
        for diagnostic in rendered { #expect(diagnostic.render(in: parsed.source).utf8.count < 2_000) }
    }
}
