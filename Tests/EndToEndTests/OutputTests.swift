import Foundation
import Linux
import SystemPackage
import Testing

/// What steps print, and where results go.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct OutputTests {
    @Test func longLinesAndManyLinesAreShownWhole() async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            RUN /bin/busybox head -c 3000000 /dev/zero | /bin/busybox tr '\\0' x; echo; echo end; \\
                /bin/busybox yes | /bin/busybox head -c 200000; echo -n unfinished

            """)
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 0)
        let lines = result.errorText.split(separator: "\n").filter { $0.hasPrefix("#2 ") && !$0.contains("RUN") }
        #expect(lines.count { $0.hasSuffix(" y") } == 100_000)
        #expect(lines.reduce(0) { $0 + $1.count { $0 == "x" } } == 3_000_000)
        #expect(lines.contains { $0.hasSuffix(" end") } && lines.contains { $0.hasSuffix(" unfinished") })
    }

    @Test func devicesAndPipesAreWrittenToAsTheyStand() async throws {
        let workspace = try Workspace()
        try workspace.context("ENV A=1\n")
        try await workspace.tool("mknod", "full", "c", "1", "7")
        try await workspace.tool("mknod", "null", "c", "1", "3")
        #expect(try await workspace.caisson("build", "--output", "type=tar,dest=null", "app").code == 0)
        let result = try await workspace.caisson("build", "--output", "type=tar,dest=full", "app")
        #expect(result.code == 3 && result.errorText.contains("no space"), "\(result.errorText)")
        let kinds = try await workspace.tool("stat", "--format", "%F", "full", "null")
        #expect(kinds == "character special file\ncharacter special file\n")
    }

    @Test func missingDirectoryOfAnOutputIsSaidBeforeTheBuild() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo never\n")
        let result = try await workspace.caisson("build", "--output", "type=oci,dest=missing/app.tar", "app")
        #expect(result.code == 2 && result.errorText.contains("missing") && !result.errorText.contains("#1"))
    }

    @Test func dockerfileMayComeFromStandardInput() async throws {
        let workspace = try Workspace()
        try workspace.context("ENV A=1\n")
        var command = workspace.command(["build", "-f", "-", "app"])
        command.input = .bytes(Array("FROM scratch\nCOPY root /\nENV A=1\n".utf8))
        let fromInput = try await command.run()
        #expect(try await fromInput.outputText == workspace.succeed("build", "app"))
    }

    /// The command that a message names, given as it stands to a shell at a terminal.
    @Test(
        .enabled(if: Requirements.isInstalled("tmux"), "needs tmux"),
        arguments: [
            "build -f 'app dir/it'\\''s' --build-arg V='a  \"b\"' --build-context more=more --secret id=key,src=key "
                + "--on-failure stop 'app dir'",
            "build -f - --build-arg V='a  \"b\"' --build-context more=more --secret id=key,src=key more "
                + "< 'app dir/it'\\''s'",
            "shell -f 'app dir/it'\\''s' --build-arg V='a  \"b\"' --build-context more=more --secret id=key,src=key 0 "
                + "'app dir' -- --progress",
        ])
    func wayIntoAFailedStepIsOne(command: String) async throws {
        let workspace = try Workspace()
        try workspace.context("")
        try workspace.write("more/file", "more")
        try workspace.write("key", "a secret value")
        try workspace.write(
            "app dir/it's",
            """
            FROM scratch
            COPY --from=root . /
            WORKDIR /work
            ARG V
            RUN --mount=type=secret,id=key,required --mount=from=more,target=/more cat /run/secrets/key /more/file > seen; false

            """)
        let place = "--root \(workspace.store) --build-context root=app/root"
        let line = "\(Workspace.program) " + command.replacing(" ", with: " \(place) ", maxReplacements: 1)
        let failed = try await workspace.tool("sh", "-c", "\(line) 2>&1; true")
        let lines = failed.split(separator: "\n")
        let hint = try #require(lines.firstIndex { $0.hasPrefix("hint: for a shell where it failed:") }, "\(failed)")
        let given = lines[hint + 1].drop { $0 == " " }
        let terminal = try await Multiplexer(workspace, shell: String(given))
        #expect(try await terminal.wait { $0.contains { $0.hasSuffix("/work #") } })
        try await terminal.type("echo \"<$V>\"; cat seen; echo; exit")
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 1") } })
        let shown = try await terminal.history()
        #expect(shown.contains("<a  \"b\">") && shown.contains("a secret valuemore"), "\(shown)")
    }

    @Test func namedCommandHasNoCredentials() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN false\n")
        let result = try await workspace.caisson(
            "build", "--build-arg", "HTTP_PROXY=http://user:pass@word@127.0.0.1:1/a@b", "--build-arg", "n=a@b", "app")
        #expect(
            result.errorText.contains("--build-arg 'HTTP_PROXY=http://****@127.0.0.1:1/a@b' --build-arg n=a@b app"),
            "\(result.errorText)")
        #expect(!result.errorText.contains("pass"))
    }

    @Test(.enabled(if: Requirements.isInstalled("setpriv"), "setpriv is not installed"))
    func userWhoMayNotBuildIsToldSo() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo hi\n")
        try await workspace.tool("chown", "-R", "65534", workspace.directory.string)
        let program = try #require(Command.locate("setpriv"))
        for (arguments, word) in [(["build", "app"], "root"), (["doctor"], "root")] {
            var command = Command(
                program, ["--reuid", "65534", "--clear-groups", Workspace.program.string] + arguments,
                environment: workspace.environment)
            command.directory = workspace.directory
            command.deadline = .seconds(60)
            let result = try await command.run()
            #expect(result.code == 3 && (result.errorText + result.outputText).contains(word), "\(result.errorText)")
        }
    }
}
