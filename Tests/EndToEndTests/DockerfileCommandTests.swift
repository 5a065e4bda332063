import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// `caisson dockerfile` on files and on standard input.
@Suite(.timeLimit(.minutes(2)))
struct DockerfileCommandTests {
    @Test func syntaxTreeHasTheFieldsToolsReadByName() async throws {
        let workspace = try Workspace()
        try workspace.write(
            "Dockerfile",
            """
            FROM --platform=linux/amd64 scratch AS base
            ENV A=1 B="two words"
            RUN <<EOF
            echo hello
            EOF
            CMD ["/bin/app", "-v"]

            """)
        let text = try await workspace.succeed("dockerfile", "ast", "--json", "Dockerfile")
        let document = try JSON(parsing: Array(text.utf8))
        let instructions = try #require(document.arrayValue ?? document["instructions"]?.arrayValue)
        #expect(instructions.map { $0["instruction"]?.stringValue } == ["from", "env", "run", "cmd"])
        #expect(instructions[0]["flags"]?.arrayValue?.first?.stringValue == "--platform=linux/amd64")
        #expect(instructions[1]["arguments"] == ["A", "1", "B", "\"two words\""])
        #expect(instructions[2]["heredocs"]?.arrayValue?.first?["body"]?.stringValue == "echo hello\n")
        #expect(instructions[2]["lines"] == [3, 5])
        #expect(instructions[3]["form"]?.stringValue == "exec")
    }

    @Test func mistakesAreFindingsOfCheck() async throws {
        let workspace = try Workspace()
        try workspace.write("good", "FROM scratch\nCOPY good /\n")
        try workspace.write("bad", "FROM scratch\nCOPPY bad /\n")
        let good = try await workspace.caisson("dockerfile", "check", "good")
        #expect(good.code == 0, "\(good.outputText)")
        let bad = try await workspace.caisson("dockerfile", "check", "bad")
        #expect(bad.code == 1 && bad.outputText.contains("bad:2:1") && bad.outputText.contains("COPY"))
        let json = try await workspace.caisson("dockerfile", "check", "--json", "bad")
        let finding = try #require(try JSON(parsing: json.output).arrayValue?.first)
        #expect(json.code == 1 && finding["line"] == 2 && finding["column"] == 1 && finding["severity"] == "error")
    }

    @Test func standardInputIsAFile() async throws {
        let workspace = try Workspace()
        var command = workspace.command(["dockerfile", "check", "-"])
        command.input = .bytes(Array("FROM scratch\nCOPPY x /\n".utf8))
        let result = try await command.run()
        #expect(result.code == 1 && result.outputText.contains("COPPY"))
    }

    @Test(arguments: [
        (["${NAME:-none}"], "none\n"),
        (["${NAME:-none}", "--env", "NAME=a"], "a\n"),
        (["'$A' \"$A\" $A", "--env", "A=x y", "--words"], "$A\nx y\nx\ny\n"),
    ])
    func expandPrintsWhatInstructionsSee(arguments: [String], output: String) async throws {
        let workspace = try Workspace()
        let result = try await workspace.command(["dockerfile", "expand"] + arguments).run()
        #expect(result.outputText == output && result.code == 0)
    }

    @Test func ignoreMatchPrintsOneWordForEachPath() async throws {
        let workspace = try Workspace()
        try workspace.write("patterns", "*.log\n!keep.log\n")
        let text = try await workspace.succeed(
            "dockerfile", "ignore-match", "patterns", "a.log", "keep.log", "src/main.c")
        #expect(text == "out\nin\nin\n")
    }

    @Test func outlineAndTargetsAreTablesOrDocuments() async throws {
        let workspace = try Workspace()
        try workspace.write(
            "Dockerfile",
            """
            # MODE is fast or small
            ARG MODE=fast
            FROM scratch AS base
            # app is what ships
            FROM base AS app
            ARG MODE
            RUN --mount=type=secret,id=token,required x

            """)
        let outline = try await workspace.succeed("dockerfile", "outline", "Dockerfile", "--build-arg", "MODE=small")
        #expect(outline.contains("MODE        small   is fast or small") && outline.contains("token    true"))
        let json = try await workspace.succeed("dockerfile", "outline", "Dockerfile", "--target", "APP", "--json")
        let document = try JSON(parsing: Array(json.utf8))
        #expect(document["name"] == "app" && document["secrets"]?.arrayValue?.first?["required"] == true)
        let targets = try await workspace.succeed("dockerfile", "targets", "Dockerfile", "--json")
        let names = try JSON(parsing: Array(targets.utf8))["targets"]?.arrayValue?.map { $0["name"] }
        #expect(names == ["base", "app"])
        let unknown = try await workspace.caisson("dockerfile", "outline", "Dockerfile", "--target", "ap")
        #expect(unknown.code == 2 && unknown.errorText.contains("did you mean `app`?"))
    }

    @Test func checkObeysTheBuildArgumentOfTheField() async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch\nCMD x\n")
        let argument = "BUILDKIT_DOCKERFILE_CHECK=error=true"
        #expect(try await workspace.caisson("dockerfile", "check", "Dockerfile").code == 0)
        #expect(try await workspace.caisson("dockerfile", "check", "Dockerfile", "--build-arg", argument).code == 1)
    }

    @Test func contextListsWhatABuildMaySeeAndWhyNotTheRest() async throws {
        let workspace = try Workspace()
        for name in ["Dockerfile", "src/a.c", "src/a.o", "out/x/y", "out/keep", ".git/HEAD", "b.log"] {
            try workspace.write("app/\(name)", "FROM scratch\n")
        }
        try workspace.write("app/.dockerignore", "# no\n**/*.o\nout\n!out/keep\n")
        try workspace.write("app/Dockerfile.dockerignore", "*\n!src\n")
        let files = try await workspace.succeed("dockerfile", "context", "app", "-f", "app/src/a.c")
        #expect(files == ".dockerignore\nDockerfile\nDockerfile.dockerignore\nb.log\nout/keep\nsrc/a.c\n")
        let verbose = try await workspace.succeed("dockerfile", "context", "app", "--verbose")
        #expect(verbose.contains("in   src/a.o\n"))
        #expect(verbose.contains("out  out/   Dockerfile.dockerignore line 1 `*`\n"))
        #expect(verbose.contains("out  .git/   a clone's own files\n"))
        let wrong = try await workspace.caisson("dockerfile", "context", "missing")
        #expect(wrong.code == 2 && wrong.errorText.contains("missing"))
    }
}
