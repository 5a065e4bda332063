import Foundation
import Linux
import Testing

/// What of the steps' output comes out of the views for logs and programs.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct ProgressOutputTests {
    private struct Event: Decodable {
        struct Step: Decodable {
            let id: Int
            let instruction: String
        }

        let event: String
        let step: Step?
        let text: String?
        let stream: String?
    }

    private static func events(_ text: String) throws -> [Event] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
    }

    /// What ends the build with JSON progress, as the members that say what is wrong.
    @Test(arguments: [
        ("COPY nothere /", 1, ["app/Dockerfile:3:6 `nothere` is not in the build context"]),
        ("RUN false", 1, [":3:1 the command ended with exit code 1"]),
        (
            "COP a /\nRUNE", 1,
            ["app/Dockerfile:3:1 unknown instruction `COP`", "app/Dockerfile:4:1 unknown instruction `RUNE`"]
        ),
    ])
    func failureIsTheLastEventsOfJSON(instruction: String, code: Int32, expected: [String]) async throws {
        let workspace = try Workspace()
        try workspace.context(instruction)
        let result = try await workspace.caisson("build", "--progress", "json", "app")
        #expect(result.code == code)
        let objects = try result.errorText.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
        }
        let errors = objects.suffix(expected.count).filter {
            $0["event"] as? String == "error" && $0["exit"] as? Int == Int(code) && $0["time"] is String
        }
        let said = errors.map { error in
            "\(error["file"] ?? ""):\(error["line"] ?? ""):\(error["column"] ?? "") \(error["message"] ?? "")"
        }
        #expect(said == expected, "\(result.errorText)")
    }

    @Test func wrongRequestIsAnEventOfJSONToo() async throws {
        let workspace = try Workspace()
        try workspace.context("")
        let result = try await workspace.caisson("build", "--progress", "json", "--target", "none", "app")
        #expect(result.code == 2)
        let events = try Self.events(result.errorText)
        #expect(events.last?.event == "error" && result.errorText.contains("none"))
    }

    @Test func charactersThatComeInPiecesAreWholeInJSON() async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            RUN printf() { /bin/busybox printf "$@"; }; printf '\\346'; sleep 0.3; printf '\\274'; sleep 0.3; \\
                printf '\\242 \\303'; sleep 0.3; printf '\\251'; printf '\\360\\237'

            """)
        let result = try await workspace.caisson("build", "--progress", "json", "app")
        #expect(result.code == 0)
        let output = try Self.events(result.errorText).filter { $0.event == "step-output" }
        #expect(output.compactMap(\.text).joined() == "漢 é\u{FFFD}")
        #expect(output.count >= 3)
    }

    @Test func outputOfParallelStepsIsWholeInOrderAndNamed() async throws {
        let workspace = try Workspace()
        try workspace.context("")
        let names = ["one", "two", "three", "four"]
        let stages = names.map {
            "FROM base AS \($0)\nRUN for i in $(seq 3000); do echo \($0)-$i; done; echo > /\($0)\n"
        }
        let copies = names.map { "COPY --from=\($0) /\($0) /\n" }
        try workspace.write(
            "app/Dockerfile",
            "FROM scratch AS base\nCOPY root /\n" + stages.joined() + "FROM base\n" + copies.joined())
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 0)
        let lines = result.errorText.split(separator: "\n").map { $0.split(separator: " ") }
        for name in names {
            let begin = try #require(lines.first { $0.contains("[\(name)") && $0.contains("RUN") })
            // `#7 0.123 one-1`: the number of the step, its age, the line.
            let own = lines.filter { $0[0] == begin[0] && $0.count == 3 && $0[2].hasPrefix("\(name)-") }
            #expect(own.map { String($0[2]) } == (1...3000).map { "\(name)-\($0)" })
            #expect(lines.contains { $0.starts(with: [begin[0], "DONE"]) })
        }
    }

    @Test func lineThatIsNotEndedIsShownWhenTheStepIsStopped() async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            FROM scratch AS base
            COPY root /
            FROM base AS slow
            RUN /bin/busybox printf unfinished; echo > /tmp-ready; sleep 60
            FROM base AS failing
            RUN sleep 2; false
            FROM base
            COPY --from=slow /x /
            COPY --from=failing /x /

            """)
        for style in ["plain", "json"] {
            let result = try await workspace.caisson("build", "--progress", style, "app")
            #expect(result.code == 1 && result.errorText.contains("unfinished"), "\(result.errorText)")
        }
    }
}
