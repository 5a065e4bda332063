import Build
import Dockerfile
import OCI
import Testing

/// What a build says of its Dockerfile besides errors.
struct PlannerLintTests {
    @Test func variablesOfABaseAreKnownOnceItIs() async throws {
        let text = """
            # check=skip=LegacyKeyValueFormat
            FROM parent AS a
            ARG LATER=$NOTHING
            LABEL x=$HERE y=$HER
            FROM a
            # check=skip=UndefinedVar
            USER u$SKIPPED
            ENV z $triggered$LATER$GONE
            """
        let config = #"{"config":{"Env":["HERE=1"],"OnBuild":["ENV triggered=1"]}}"#
        let images = KnownImages(["parent": try .sample(json: config)])
        let plan = try await BuildPlan.of(text, images: images) {
            $0.lint = .init(ignore: IgnoreFile([], name: ".dockerignore"))
        }
        #expect(
            plan.warnings.map { "\($0.range?.firstLine ?? 0): \($0.message), \($0.hint ?? "")" } == [
                "3: nothing sets the variable `NOTHING`, ", "4: nothing sets the variable `HER`, did you mean `HERE`?",
                "8: nothing sets the variable `GONE`, ",
            ])
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("# check=error=true\nFROM parent\nUSER $X", images: images) {
                $0.lint = .init(ignore: IgnoreFile([], name: ".dockerignore"))
            }
        }
        #expect(error?.description.contains("Dockerfile:3:6: error: nothing sets the variable `X`") == true)
    }

    @Test func buildArgumentsThatNothingDeclaresAreNamed() async throws {
        let text =
            "ARG VERSION\nFROM parent AS a\nARG INNER\nONBUILD ARG LATER\nFROM scratch AS b\nARG UNREACHED\nFROM a"
        let images = KnownImages(["parent": try .sample(json: #"{"config":{"OnBuild":["ARG BROUGHT"]}}"#)])
        let plan = try await BuildPlan.of(text, images: images) { request in
            let names = [
                "VERSION", "INNER", "LATER", "UNREACHED", "BROUGHT", "http_proxy", "TARGETARCH",
                "BUILDKIT_INLINE_CACHE",
                "SOURCE_DATE_EPOCH", "VERISON", "other",
            ]
            request.buildArguments = Dictionary(uniqueKeysWithValues: names.map { ($0, "1") })
        }
        #expect(
            plan.warnings.map { "\($0.message), \($0.hint ?? "")" } == [
                "no ARG declares `VERISON`: that build argument is not used, did you mean `VERSION`?",
                "no ARG declares `other`: that build argument is not used, ",
            ])
    }

    @Test func variableThatSpoilsTheNameOfAnImageIsNamed() async throws {
        let empty = await #expect(throws: BuildError.self) { try await BuildPlan.of("FROM x:$TAG") }
        #expect(empty?.description.contains("hint: nothing sets `TAG` before the first FROM") == true)
    }

    private func plan(_ dockerfile: String, _ change: (inout BuildRequest) -> Void = { _ in }) async throws -> BuildPlan
    {
        try await BuildPlan.of(dockerfile) { request in
            request.lint = .init(ignore: IgnoreFile([], name: ".dockerignore"))
            change(&request)
        }
    }

    @Test func onlyTheStagesThatAreBuiltAreLookedAt() async throws {
        let plan = try await plan("FROM scratch AS unused\nWORKDIR a\nFROM scratch\nWORKDIR b\n")
        #expect(plan.warnings.map(\.rule) == ["WorkdirRelativePath"])
        #expect(plan.warnings.map { $0.range?.firstLine } == [4])
    }

    @Test func buildThatDoesNotAskHearsNothing() async throws {
        #expect(try await BuildPlan.of("FROM scratch\nWORKDIR b\n").warnings.isEmpty)
    }

    @Test func findingFailsTheBuildWhereTheFileSaysSo() async throws {
        let error = await #expect(throws: BuildError.self) {
            try await plan("# check=error=true\nFROM scratch\nWORKDIR b\n")
        }
        #expect("\(try #require(error))".contains("WorkdirRelativePath"))
        _ = try await plan("# check=error=true\nFROM scratch\nWORKDIR b\n") {
            $0.buildArguments["BUILDKIT_DOCKERFILE_CHECK"] = "skip=all"
        }
    }

    @Test func frontEndOfTheCommandLineStandsInForTheFiles() async throws {
        _ = try await plan("# syntax=example.org/other:1\nFROM scratch\n") {
            $0.buildArguments["BUILDKIT_SYNTAX"] = "docker/dockerfile:1"
        }
        await #expect(throws: BuildError.self) {
            try await plan("FROM scratch\n") { $0.buildArguments["BUILDKIT_SYNTAX"] = "example.org/other:1" }
        }
    }
}
