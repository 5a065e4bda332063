import Foundation
import Linux
import OCI
import Testing

/// `caisson build --check` and the images that a file starts from.
@Suite(.timeLimit(.minutes(2)))
struct CheckTests {
    /// Names an image with one variable in the workspace's store.
    private func workspace() async throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write("base/Dockerfile", "FROM --platform=linux/s390x scratch\nENV HERE=1\n")
        try await workspace.succeed("build", "-t", "127.0.0.1:1/base:1", "base")
        return workspace
    }

    @Test func baseImagesAreLookedAt() async throws {
        let workspace = try await workspace()
        try workspace.write("app/Dockerfile", "FROM 127.0.0.1:1/base:1\nUSER a$HERE\nUSER b$GONE\n")
        let text = try await workspace.caisson("build", "--check", "app")
        #expect(text.code == 0 && text.errorText.isEmpty, "\(text.errorText)")
        #expect(text.outputText.contains("Dockerfile:3:6: warning: nothing sets the variable `GONE`"))
        #expect(text.outputText.contains("InvalidBaseImagePlatform") == (Platform.current.architecture != "s390x"))
        let json = try await workspace.caisson("build", "--call", "check,format=json", "app")
        let findings = try #require(try JSON(parsing: json.output).arrayValue)
        #expect(findings.contains { $0["rule"] == "UndefinedVar" })
        try workspace.write("app/Dockerfile", "# check=error=true\nFROM 127.0.0.1:1/base:1\nUSER b$GONE\n")
        #expect(try await workspace.caisson("build", "--check", "app").code == 1)
    }

    @Test func baseThatCannotBeHadLeavesTheRest() async throws {
        let workspace = try await workspace()
        try workspace.write(
            "app/Dockerfile",
            "FROM 127.0.0.1:1/absent:1 AS a\nFROM 127.0.0.1:1/base:1\nMAINTAINER x\nCOPY --from=a / /\nUSER b$GONE\n")
        let result = try await workspace.caisson("build", "--check", "app")
        #expect(result.code == 0)
        #expect(result.outputText.contains("`GONE`") && result.outputText.contains("MaintainerDeprecated"))
        let lines = result.errorText.split(separator: "\n")
        #expect(
            lines.count == 1 && lines[0].hasPrefix("warning: app/Dockerfile:1:6: checked without this image: "),
            "\(result.errorText)")
        #expect(result.errorText.contains("127.0.0.1:1/absent"))
        let json = try await workspace.caisson("build", "--check", "--progress", "json", "app")
        let event = try JSON(parsing: json.error)
        #expect(event["event"] == "warning" && event["line"] == 1 && event["column"] == 6, "\(json.errorText)")
    }

    @Test func linkedTargetNeedNotBeBuilt() async throws {
        let workspace = try await workspace()
        try workspace.write("app/Dockerfile", "FROM lower\nMAINTAINER x\n")
        try workspace.write(
            "docker-bake.json",
            #"""
            {"target": {
              "app": {"context": "app", "contexts": {"lower": "target:base"}},
              "base": {"context": "base"}
            }}
            """#)
        let result = try await workspace.caisson("bake", "--check", "app")
        #expect(result.code == 0 && result.outputText.contains("MaintainerDeprecated"), "\(result.errorText)")
        #expect(result.errorText.contains("the target `base` is not built for a check"), "\(result.errorText)")
    }
}
