import Dockerfile
import Testing

/// Rules about stages, sources and instructions that other builders got wrong.
@Suite struct StageRuleTests {
    @Test func stageNamesCannotBeginWithADigitSoNumbersAreIndices() {
        #expect(errors("FROM a AS 0") == ["invalid stage name `0`"])
        let file = stages("FROM a AS zero\nFROM b AS one\nFROM c")
        #expect(file.stage("0")?.name == "zero" && file.stage("1")?.name == "one")
        #expect(file.stage("01")?.index == 1 && file.stage("+1") == nil && file.stage("-1") == nil)
    }

    @Test func targetIsFoundWhateverItsCase() throws {
        let file = stages("FROM a as B\nFROM c")
        #expect(try file.target("b").index == 0 && file.target("B").index == 0)
    }

    @Test func indexCountsEveryStage() {
        let file = stages("FROM a\nFROM scratch\nFROM b AS c\nFROM c")
        #expect(file.stages.map(\.index) == [0, 1, 2, 3])
        #expect(file.stage("3")?.from.image.text == "c")
    }

    @Test func stageWithTheNameOfItsBaseGoesOnFromTheEarlierOne() throws {
        let found = try environments("FROM a AS b\nENV x=1\nFROM b AS b\nENV y=$x\nFROM b\nENV z=$y")
        #expect(found[2].image.assignments == ["x=1", "y=1", "z=1"])
    }

    @Test func stageNamesCompareWithoutCaseEverywhere() throws {
        let text =
            "FROM a as Base\nENV x=1\nFROM BASE AS two\nENV y=$x\nCOPY --from=bAsE f /\nRUN --mount=from=BASE,target=/m y"
        #expect(errors(text) == [])
        #expect(try environments(text)[1].image.assignments == ["x=1", "y=1"])
        #expect(try stages(text).target("TWO").index == 1)
    }

    @Test func numberInAMountIsAnImageAndInACopyAStage() {
        let file = stages("FROM a\nFROM b\nCOPY --from=0 f /\nRUN --mount=from=0,target=/m x")
        #expect(!file.diagnostics.hasErrors)
        #expect(file.stage("0")?.index == 0 && file.stage(named: "0") == nil)
        #expect(errors("FROM a\nRUN --mount=from=7,target=/m x") == [])
    }

    @Test(arguments: [
        "FROM a AS x\nRUN --mount=from=x,target=/m y", "FROM a AS x\nCOPY --from=y f /\nFROM b AS y\nCOPY --from=x f /",
        "FROM a AS x\nRUN --mount=from=y,target=/m z\nFROM x AS y",
    ])
    func circlesOfStagesAreMistakesInTheFile(text: String) {
        #expect(errors(text).count == 1, "\(errors(text))")
    }

    @Test func volumesMayRepeatButNotBeEmpty() {
        #expect(errors("FROM a\n" + #"VOLUME ["/a", "/a"]"#) == [])
        #expect(errors("FROM a\n" + #"VOLUME """#) == ["a volume has an empty path"])
        #expect(errors("FROM a\nVOLUME /a ''") == ["a volume has an empty path"])
    }

    @Test(arguments: [
        ("SIGTERM", true), ("term", true), ("9", true), ("RTMIN+3", true), ("SIGRTMAX-14", true), ("SIGFOO", false),
        ("0x9", false), ("''", false),
    ])
    func stopSignalIsOneTheKernelHas(signal: String, isValid: Bool) {
        #expect(errors("FROM a\nSTOPSIGNAL \(signal)").isEmpty == isValid)
    }

    @Test(arguments: [
        ("0", ["0/tcp"]), ("65535/SCTP", ["65535/sctp"]), ("10-10", ["10/tcp"]), ("[::1]:80", ["80/tcp"]),
        ("80/", ["80/tcp"]),
    ])
    func portsAreNormalisedToNumberAndProtocol(text: String, exposed: [String]) throws {
        #expect(try PortRange.parse(text).exposed == exposed)
    }

    @Test(arguments: [
        ("STOPSIGNAL SIGTREM", "did you mean `SIGTERM`?"), ("STOPSIGNAL qit", "did you mean `SIGQUIT`?"),
        ("STOPSIGNAL SIGFOOBAR", "write for instance SIGTERM"), ("EXPOSE 80/tpc", "did you mean `tcp`?"),
        ("EXPOSE 80/quicker", "write for instance 8080 or 53/udp"), ("HEALTHCHECK CDM x", "did you mean `CMD`?"),
    ])
    func wrongValuesAreAnsweredWithTheNearest(text: String, hint: String) {
        #expect(stages("FROM a\n" + text).diagnostics.map(\.hint) == [hint])
    }

    @Test(
        arguments: [
            ("example.org/x", "docker/dockerfile:1", true), ("example.org/x", "dockerfile.v0", true),
            ("docker/dockerfile:1", "example.org/x:2", false), ("docker.io/docker/dockerfile:1@sha256:00", nil, true),
        ] as [(String, String?, Bool)])
    func buildArgumentReplacesTheFrontEnd(directive: String, argument: String?, isFine: Bool) {
        let file = DockerfileStages(parse("# syntax=\(directive)\nFROM a"), frontEnd: argument)
        #expect(file.diagnostics.isEmpty == isFine)
    }

    @Test func oneVariableMayHoldSeveralPorts() throws {
        guard case .expose(let words)? = instructions("EXPOSE $P 9").first else { throw NoInstruction() }
        let values = try words.flatMap { try WordExpander().expandToWords($0.text, lookup: { _ in "7 8/udp" }) }
        #expect(values == ["7", "8/udp", "9"])
    }

    @Test func emptyFlagsOfAHealthcheckAreAsIfTheyWereNotGiven() {
        guard
            case .healthcheck(.command(_, let timing))? = instructions(
                "HEALTHCHECK --interval= --timeout=0s --retries= CMD x"
            ).first
        else {
            Issue.record("no HEALTHCHECK")
            return
        }
        #expect(timing.interval == 0 && timing.timeout == 0 && timing.retries == 0)
    }

    @Test func healthcheckNoneSwitchesOffAndCommandsKeepTheirForm() throws {
        guard case .healthcheck(.none)? = instructions("HEALTHCHECK none").first else { throw NoInstruction() }
        guard
            case .healthcheck(.command(.exec(let words), let timing))? = instructions(
                #"HEALTHCHECK --start-interval=0s CMD ["a", "$b"]"#
            ).first
        else { throw NoInstruction() }
        #expect(words.map(\.text) == ["a", "$b"] && timing.startInterval == 0)
    }

    @Test func ignoringEverythingLeavesAnEmptyContext() {
        let file = IgnoreFile("*")
        #expect(file.diagnostics.isEmpty && file.excludes("a") && file.excludes("a/b") && file.canSkip(directory: "a"))
    }

    @Test(arguments: [
        ("test-%C3%A4.txt", "test-%C3%A4.txt", true), ("test-%C3%A4.txt", "test-ä.txt", false),
        ("e\u{301}", "\u{E9}", false),
    ])
    func sourceNamesAreBytesAndNotDecoded(pattern: String, path: String, matches: Bool) throws {
        #expect(try #require(GlobPattern(pattern)).matches(path) == matches)
    }

    @Test(arguments: [
        ("*?**b*", "m-b:", true), ("**/a**b", "a/x/ab", true), ("a**b", "ax/b", true), ("a**b", "axb", false),
    ])
    func doubleStarInsideAComponentTakesWholeComponents(pattern: String, path: String, matches: Bool) throws {
        #expect(try #require(GlobPattern(pattern, doubleStar: .recursive)).matches(path) == matches)
    }
}
