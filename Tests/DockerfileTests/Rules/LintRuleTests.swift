import Dockerfile
import Testing

/// The lint rules of the field, and which of them a file or an instruction asks for.
@Suite struct LintRuleTests {
    private func rules(_ text: String, ignore: IgnoreFile? = nil, directive: String? = nil) -> [String] {
        DockerfileCheck.check(parse(text), ignore: ignore, directive: directive).compactMap(\.rule)
    }

    /// A file in which each rule finds something.
    private static let examples: KeyValuePairs = [
        "StageNameCasing": "FROM scratch AS Base", "FromAsCasing": "FROM scratch as b",
        "NoEmptyContinuation": "FROM a\nRUN x \\\n\n y", "ConsistentInstructionCasing": "FROM a\nrun x\nRUN y",
        "DuplicateStageName": "FROM a AS b\nFROM a AS b", "ReservedStageName": "FROM a AS context",
        "JSONArgsRecommended": "FROM a\nENTRYPOINT x", "MaintainerDeprecated": "FROM a\nMAINTAINER me",
        "UndefinedArgInFrom": "FROM a:${x:-1}$y", "WorkdirRelativePath": "FROM a\nWORKDIR x",
        "UndefinedVar": "FROM scratch\nUSER $x", "MultipleInstructionsDisallowed": "FROM a\nCMD []\nCMD []",
        "LegacyKeyValueFormat": "FROM a\nLABEL x y", "RedundantTargetPlatform": "FROM --platform=${TARGETPLATFORM} a",
        "SecretsUsedInArgOrEnv": "FROM a\nENV DB_PASSWORD=x", "InvalidDefaultArgInFrom": "ARG x\nFROM a:$x",
        "FromPlatformFlagConstDisallowed": "FROM --platform=linux/arm64 a", "CopyIgnoredFile": "FROM a\nCOPY out /",
        "InvalidDefinitionDescription": "# check=experimental=all\n# other\nARG x\nFROM a",
        "ExposeProtoCasing": "FROM a\nEXPOSE 80/Udp", "ExposeInvalidFormat": "FROM a\nEXPOSE 1.2.3.4:80:80",
    ]

    @Test(arguments: examples.map { ($0.key, $0.value) }) func everyRuleFindsSomething(name: String, text: String) {
        #expect(rules(text, ignore: IgnoreFile("out")).contains(name))
    }

    @Test func everyRuleOfTheFieldHasAnExample() {
        let known = LintRule.allCases.map(\.rawValue)
        let withExample = Self.examples.map(\.key) + ["InvalidBaseImagePlatform", "HeredocWithoutErrexit"]
        #expect(Set(known) == Set(withExample) && known.count == 23)
    }

    @Test func baseImageForAnotherPlatformIsFoundOnceItIsKnown() throws {
        let file = stages("FROM a AS b\n# check=skip=InvalidBaseImagePlatform\nFROM c")
        let found = DockerfileCheck.basePlatform(
            "linux/arm64", isNot: "linux/amd64", for: file.stages[0], LintSettings(file))
        #expect(found?.message == "the base image `a` is for linux/arm64, the stage for linux/amd64")
        #expect(found?.rule == "InvalidBaseImagePlatform" && found?.range?.firstLine == 1)
        for (stage, base) in [(0, "linux/amd64"), (1, "linux/arm64")] {
            #expect(
                DockerfileCheck.basePlatform(base, isNot: "linux/amd64", for: file.stages[stage], LintSettings(file))
                    == nil)
        }
    }

    @Test(arguments: [
        ("RUN <<E\na\nb\nE", true), ("RUN <<E\nset -e\na\nb\nE", false), ("RUN <<E\nset -o errexit\na\nE", false),
        ("RUN <<E\na\nE", false), ("RUN <<E\n#!/bin/sh\na\nb\nE", false), ("RUN cat <<E\na\nb\nE", false),
        ("SHELL [\"/bin/bash\", \"-ec\"]\nRUN <<E\na\nb\nE", false), ("RUN <<E\nset -ux\na\nE", true),
    ])
    func scriptThatDoesNotStopIsFoundOnRequestOnly(text: String, isFound: Bool) {
        #expect(rules("FROM a\n" + text) == [])
        let found = rules("# check=experimental=HeredocWithoutErrexit\nFROM a\n" + text)
        #expect(found == (isFound ? ["HeredocWithoutErrexit"] : []))
    }

    @Test(arguments: [
        ("# check=skip=jsonargsrecommended\nFROM a\nCMD x", [] as [String]),
        ("# check=skip=JSONArgsRecommended , MaintainerDeprecated\nFROM a\nCMD x\nMAINTAINER x", []),
        ("# check=skip=all\nFROM a\nCMD x", []), ("# check=skip=Other\nFROM a\nCMD x", ["JSONArgsRecommended"]),
        ("FROM a\n# check=skip=JSONArgsRecommended\nCMD x", []), ("FROM a\n# why not\n# check = skip=all\nCMD x", []),
        ("FROM a\n# check=skip=all\n\nCMD x", ["JSONArgsRecommended"]),
        ("FROM a\n# check=skip=LegacyKeyValueFormat\nCMD x", ["JSONArgsRecommended"]),
        ("FROM a\n# check=experimental=all\n# b\nARG x", ["InvalidDefinitionDescription"]),
    ])
    func directivesSkipAndAskForRules(text: String, found: [String]) {
        #expect(rules(text) == found)
    }

    @Test func buildLooksAtTheStagesItNeeds() {
        let file = stages("FROM scratch AS a\nCMD $x\nUSER $x\nFROM scratch AS b\nCMD y\nUSER $y\nENV z 1")
        let found = DockerfileCheck.check(file, stages: [0])
        #expect(found.map(\.rule) == ["JSONArgsRecommended", "UndefinedVar", "LegacyKeyValueFormat"])
        #expect(found.map(\.range?.firstLine) == [2, 3, 7])
    }

    @Test func directiveOfAnInstructionMakesItsFindingsErrors() {
        let found = DockerfileCheck.check(parse("FROM a\n# check=error=true\nMAINTAINER x\nCMD x"))
        #expect(found.map(\.severity) == [.error, .warning])
    }

    @Test func buildArgumentStandsInForTheDirectiveOfTheFile() {
        let text = "# check=skip=all\nFROM a\nCMD x"
        #expect(rules(text, directive: "skip=MaintainerDeprecated") == ["JSONArgsRecommended"])
        #expect(rules("FROM a\nCMD x", directive: "skip=all") == [])
    }

    @Test(arguments: [
        ("# check=skp=all\nFROM a", "did you mean `skip`?"),
        ("# check=error=yes\nFROM a", "write check=skip=Rule,Rule;error=true"),
        ("# check=skip=A;skip=B\nFROM a", "write check=skip=Rule,Rule;error=true"),
        ("FROM a\n# check=experimentl=all\nRUN x", "did you mean `experimental`?"),
    ])
    func wrongDirectiveIsAnErrorWithARemedy(text: String, hint: String) {
        let found = DockerfileCheck.check(parse(text))
        #expect(found.map(\.severity) == [.error] && found.map(\.hint) == [hint])
    }
}
