import Build
import Dockerfile
import OCI
import Testing

/// What a check learns from base images.
struct PlanSurveyTests {
    private let images: KnownImages

    init() throws {
        images = KnownImages([
            "parent": try .sample(json: #"{"config":{"Env":["HERE=1"],"OnBuild":["ENV triggered=1"]}}"#),
            "foreign": try .sample(json: #"{"architecture": "s390x"}"#),
            "broken": try .sample(json: #"{"config":{"OnBuild":["COYP a b"]}}"#),
        ])
    }

    private func survey(
        _ dockerfile: String, _ change: (inout BuildRequest) -> Void = { _ in }
    ) async throws -> PlanSurvey {
        var request = BuildRequest(dockerfile)
        request.lint = .init(ignore: IgnoreFile([], name: ".dockerignore"))
        change(&request)
        return try await Planner.survey(request, images: images)
    }

    private func lines(_ findings: [Diagnostic]) -> [String] {
        findings.map { "\($0.range?.firstLine ?? 0) \($0.rule ?? $0.severity.rawValue): \($0.message)" }
    }

    @Test(arguments: [
        ("FROM parent\nUSER $HERE$triggered\nUSER x$GONE", ["3 UndefinedVar: nothing sets the variable `GONE`"]),
        (
            "FROM foreign\nUSER x$GONE",
            [
                "1 InvalidBaseImagePlatform: the base image `foreign` is for linux/s390x, "
                    + "the stage for \(Platform.current)",
                "2 UndefinedVar: nothing sets the variable `GONE`",
            ]
        ),
        ("FROM --platform=linux/s390x foreign", []),
        // The stage that is not needed is not asked for.
        ("FROM absent AS unused\nUSER $X\nFROM parent", []),
        // What a file wants as errors does not end the search.
        (
            "# check=error=true\nFROM parent\nUSER x$A\nUSER x$B",
            [
                "3 UndefinedVar: nothing sets the variable `A`", "4 UndefinedVar: nothing sets the variable `B`",
            ]
        ),
        (
            "FROM broken AS a\nFROM parent\nCOPY --from=a / /\nUSER x$GONE",
            [
                "1 error: the ONBUILD trigger `COYP a b` of `broken` is invalid: unknown instruction `COYP`"
            ]
        ),
        // A mistake in one stage does not hide another's.
        (
            "FROM parent AS a\nUSER $EMPTY\nFROM parent\nCOPY --from=a / /\nUSER $GONE",
            [
                "2 error: the user is empty", "2 UndefinedVar: nothing sets the variable `EMPTY`",
                "5 error: the user is empty", "5 UndefinedVar: nothing sets the variable `GONE`",
            ]
        ),
        // What only the host decides is not a fault of the file.
        ("FROM parent\nRUN --security=insecure --network=host --device=vendor/class=absent true", []),
    ])
    func findingsComeFromTheStagesThatAreNeeded(dockerfile: String, expected: [String]) async throws {
        let survey = try await survey(dockerfile) { $0.platforms = [.current] }
        #expect(lines(survey.findings.inOrder).filter { !$0.hasPrefix("0 ") } == expected)
        #expect(survey.missing.isEmpty)
    }

    @Test func stagesOfAnImageThatCannotBeHadAreLeftOut() async throws {
        let survey = try await survey(
            """
            FROM absent AS a
            USER $UNKNOWN
            FROM a AS b
            USER $UNKNOWN
            FROM parent
            COPY --from=b / /
            COPY --from=gone / /
            USER x$GONE
            """)
        #expect(lines(survey.findings) == ["8 UndefinedVar: nothing sets the variable `GONE`"])
        #expect(survey.missing.map { $0.range?.firstLine } == [1, 7])
        #expect(survey.missing.contains { $0.message.contains("absent") })
    }

    @Test func eachPlatformIsAskedForOnce() async throws {
        let survey = try await survey("FROM parent\nUSER x$GONE") {
            $0.platforms = [Platform(os: "linux", architecture: "arm64"), Platform(os: "linux", architecture: "s390x")]
        }
        #expect(survey.findings.count { $0.rule == "UndefinedVar" } == 1)
        #expect(images.resolved == ["parent", "parent"])
    }

    @Test func targetThatIsNotThereIsAMistakeOfTheRequest() async throws {
        await #expect(throws: BuildError.self) { try await survey("FROM parent") { $0.targets = ["absent"] } }
    }
}
