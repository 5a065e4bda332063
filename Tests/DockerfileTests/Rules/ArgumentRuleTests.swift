import Dockerfile
import Testing

/// Rules about the scope of arguments that other builders got wrong.
@Suite struct ArgumentRuleTests {
    @Test func emptyBuildArgumentIsAValue() throws {
        #expect(try environment("ARG X=default", buildArguments: ["X": ""])["X"] == "")
        #expect(try environments("ARG X=1\nFROM a\nARG X", buildArguments: ["X": ""])[0]["X"] == "")
    }

    @Test func argumentOfAnEarlierStageIsInvisibleInFrom() {
        let error = #expect(throws: ArgumentError.self) { try environments("FROM a\nARG TAG=1\nFROM $TAG") }
        #expect(error?.diagnostic.message == "the base name `$TAG` should not be blank")
    }

    @Test func stageNameIsNotExpandedButBaseIs() throws {
        #expect(errors("FROM a AS build-$TARGETOS") == ["invalid stage name `build-$TARGETOS`"])
        let text = "FROM a AS build-linux\nENV x=1\nFROM build-${TARGETOS}\nENV y=$x"
        #expect(try environments(text)[1].image.assignments == ["x=1", "y=1"])
    }

    @Test func declaredArgumentWithoutValueIsInNoEnvironment() throws {
        #expect(try environment("ARG X").run.assignments == [])
        #expect(try environment("ARG X=").run.assignments == ["X="])
    }

    @Test func overriddenDefaultIsNotLookedAt() throws {
        #expect(try environment("ARG BAR=${FOO:?}", buildArguments: ["BAR": "1"])["BAR"] == "1")
        #expect(throws: ArgumentError.self) { try environment("ARG BAR=${FOO:?}") }
    }

    @Test func buildArgumentChangesWhatAPlatformArgumentSaysAndNothingElse() throws {
        let given = ["TARGETPLATFORM": "plan9/mips"]
        let found = try environment("ARG TARGETPLATFORM TARGETARCH", buildArguments: given)
        #expect(found["TARGETPLATFORM"] == "plan9/mips" && found["TARGETARCH"] == "amd64")
    }

    @Test func undeclaredBuildArgumentReachesNothing() throws {
        let found = try environment("ENV a=$X", buildArguments: ["X": "1"])
        #expect(found.run.assignments == ["a="])
    }

    @Test func variableOfTheBaseIsReplacedInItsPlace() throws {
        let file = stages("FROM base\nENV b=3")
        var environment = StageEnvironment(
            image: EnvironmentList(["a=1", "b=1", "c=1", "b=2"]),
            globals: GlobalArguments(
                buildArguments: [:], platform: PlatformArguments(target: amd64, build: amd64, stage: nil),
                expander: file.expander),
            expander: file.expander)
        guard case .env(let pairs) = file.stages[0].instructions[0].instruction else { throw NoInstruction() }
        try environment.set(pairs)
        #expect(environment.image.assignments == ["a=1", "b=3", "c=1"])
    }

    @Test func stageReachedByCopyGivesNoArguments() throws {
        let text = "FROM a AS one\nARG x=1\nFROM a\nCOPY --from=one f /\nENV y=$x"
        #expect(try environments(text)[1].image.assignments == ["y="])
    }

    @Test func targetStageIsTheNameOfTheTarget() {
        #expect(PlatformArguments(target: amd64, build: amd64, stage: "app").variables["TARGETSTAGE"] == "app")
        #expect(PlatformArguments(target: amd64, build: amd64, stage: nil).variables["TARGETSTAGE"] == "default")
    }
}
