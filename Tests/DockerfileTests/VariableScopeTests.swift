import Dockerfile
import Testing

/// ARG and ENV: what is visible where, and which value wins.
@Suite struct VariableScopeTests {
    @Test func envWordsSeeTheEnvironmentBeforeTheInstruction() throws {
        let found = try environment("ENV abc=hello\nENV abc=bye def=$abc")
        #expect(found.image.assignments == ["abc=bye", "def=hello"])
    }

    @Test func envValuesMayBeQuotedInEveryWay() throws {
        let found = try environment(#"ENV x=a\ b y="c d" z='e $x'"# + "\n" + #"ENV k="a\"b" "k 1"=v"#)
        #expect(found.image.assignments == ["x=a b", "y=c d", "z=e $x", "k=a\"b", "k 1=v"])
    }

    @Test func envOfAnUnsetVariableIsEmptyAndPresent() throws {
        #expect(try environment("ENV K=$UNDEFINED").image.assignments == ["K="])
    }

    @Test func envSetAgainKeepsItsPlace() throws {
        let found = try environment("ENV a=1 b=2\nENV a=3 c=4")
        #expect(found.image.assignments == ["a=3", "b=2", "c=4"])
        #expect(EnvironmentList(["a=1", "b=", "a=2=3"]).assignments == ["a=2=3", "b="])
    }

    @Test func fromSeesOnlyGlobalArguments() throws {
        let file = stages("ARG TAG=1\nFROM busybox:$TAG AS one\nARG INNER=2\nFROM x-$INNER-$TARGETARCH")
        var globals = GlobalArguments(
            buildArguments: [:], platform: PlatformArguments(target: amd64, build: amd64, stage: nil),
            expander: file.expander)
        for case .arg(let arguments) in file.globalArguments.map(\.instruction) { try globals.declare(arguments) }
        #expect(try globals.resolve(file.stages[0].from).image == "busybox:1")
        #expect(try globals.resolve(file.stages[1].from).image == "x--amd64")
    }

    @Test func stagesSeeGlobalArgumentsOnlyAfterDeclaringThem() throws {
        #expect(try environments("ARG v=1\nFROM x")[0]["v"] == nil)
        #expect(try environments("ARG v=1\nFROM x\nARG v")[0]["v"] == "1")
    }

    @Test func argPairsAreSequential() throws {
        #expect(try environment("ARG a=1 b=$a").run.assignments == ["a=1", "b=1"])
    }

    @Test func redeclaredArgumentTakesTheGlobalValueOrKeepsItsOwn() throws {
        #expect(try environment("ARG X=1\nARG X")["X"] == "1")
        #expect(try environments("ARG X=g\nFROM x\nARG X=1\nARG X")[0]["X"] == "g")
    }

    @Test(
        arguments: [
            ("ARG X=1", ["X": ""], ""), ("ARG X=1", ["X": "b"], "b"), ("ARG X", [:], nil), ("ARG X=", [:], ""),
            ("ARG X=${Y:?}", ["X": "1"], "1"), ("ENV X=e\nARG X=a", [:], "a"), ("ARG X=a\nENV X=e", [:], "e"),
        ] as [(String, [String: String], String?)])
    func valueOfAnArgumentFollowsThePrecedence(text: String, given: [String: String], value: String?) throws {
        #expect(try environment(text, buildArguments: given)["X"] == value)
    }

    @Test func stageDefaultBeatsGlobalDefaultButNotBuildArgument() throws {
        let text = "ARG X=global\nFROM a\nARG X=stage"
        #expect(try environments(text)[0]["X"] == "stage")
        #expect(try environments(text, buildArguments: ["X": "given"])[0]["X"] == "given")
    }

    @Test func globalDefaultsMayUsePlatformArguments() throws {
        #expect(try environments("ARG a=${x:-d}-$TARGETOS\nFROM a\nARG a")[0]["a"] == "d-linux")
    }

    @Test func platformArgumentsNeedADeclarationInStages() throws {
        #expect(try environment("ENV a=$TARGETARCH").image.assignments == ["a="])
        #expect(try environment("ARG TARGETARCH\nENV a=$TARGETARCH").image.assignments == ["a=amd64"])
        #expect(try environment("ARG TARGETOS", buildArguments: ["TARGETOS": "x"])["TARGETOS"] == "x")
    }

    @Test(arguments: [
        (PlatformArguments.Platform(os: "linux", architecture: "arm64", variant: "v8"), "", "linux/arm64"),
        (PlatformArguments.Platform(os: "linux", architecture: "arm", variant: "v7"), "v7", "linux/arm/v7"),
        (amd64, "", "linux/amd64"),
    ])
    func targetVariantIsEmptyWhereItSaysNothing(platform: PlatformArguments.Platform, variant: String, text: String) {
        let variables = PlatformArguments(target: platform, build: amd64, stage: nil).variables
        #expect(variables["TARGETVARIANT"] == variant)
        #expect(variables["TARGETPLATFORM"] == text)
        #expect(variables["TARGETSTAGE"] == "default")
    }

    @Test func stageFromStageInheritsArgumentsAndVariables() throws {
        let found = try environments("FROM a AS one\nARG x=1\nENV y=2\nFROM one\nENV z=$x$y\nFROM a\nENV z=$x$y")
        #expect(found[1].image.assignments == ["y=2", "z=12"])
        #expect(found[2].image.assignments == ["z="])
    }

    @Test func argumentsAreInHistoryOnceWithTheirLastValue() throws {
        let found = try environment("ARG a=1\nARG b=2 none\nARG a=3")
        #expect(found.historyPrefix == "|3 a=3 b=2 none=")
        #expect(found.image.assignments == [])
        #expect(try environment("ENV a=1").historyPrefix == nil)
    }

    @Test func argAfterEnvShadowsItButTheImageKeepsTheEnv() throws {
        let found = try environment("ENV X=e\nARG X=a")
        #expect(found.image.assignments == ["X=e"])
        #expect(found.run.assignments == ["X=a"])
    }

    @Test func proxiesAreForEveryRunAndNotForWords() throws {
        let found = try environment("ARG NO_PROXY", buildArguments: ["http_proxy": "p", "NO_PROXY": "n", "other": "x"])
        #expect(found["http_proxy"] == nil)
        #expect(found.undeclaredProxies.map(\.assignment) == ["HTTP_PROXY=p", "http_proxy=p", "no_proxy=n"])
        #expect(found["NO_PROXY"] == "n")
    }

    @Test func aProxyGivenInBothCasesKeepsBothValues() throws {
        let found = try environment("ENV all_proxy=image", buildArguments: ["HTTPS_PROXY": "A", "https_proxy": "b"])
        #expect(found.undeclaredProxies.map(\.assignment) == ["HTTPS_PROXY=A", "https_proxy=b"])
        let set = try environment("ENV all_proxy=image", buildArguments: ["ALL_PROXY": "p"])
        #expect(set.undeclaredProxies.map(\.assignment) == ["ALL_PROXY=p"])
    }

    @Test func blankBaseNameIsAnError() {
        let error = #expect(throws: ArgumentError.self) { try environments("FROM $X") }
        #expect(error?.diagnostic.message == "the base name `$X` should not be blank")
    }

    @Test func emptyPlatformIsAnErrorWithASuggestion() {
        let error = #expect(throws: ArgumentError.self) { try environments("FROM --platform=$BULDPLATFORM a") }
        #expect(error?.diagnostic.message == "the platform `$BULDPLATFORM` is empty")
        #expect(error?.diagnostic.hint == "did you mean `BUILDPLATFORM`?")
    }

    @Test func failedExpansionPointsIntoItsWord() {
        let error = #expect(throws: ArgumentError.self) { try environment("ENV a=x${b:?gone}") }
        #expect(error?.diagnostic.range?.start == SourcePosition(line: 2, column: 8))
    }

    @Test func emptyPortsExposeNothing() throws {
        guard case .expose(let words)? = instructions("EXPOSE $PORTS").first else {
            Issue.record("no EXPOSE")
            return
        }
        #expect(try WordExpander().expandToWords(words[0].text, lookup: { _ in "" }) == [])
    }
}
