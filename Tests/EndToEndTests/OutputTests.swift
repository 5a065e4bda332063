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

    @Test func wayIntoAFailedStepIsOne() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo here > /left\nRUN false\n")
        let failed = try await workspace.caisson("build", "app")
        let lines = failed.errorText.split(separator: "\n", omittingEmptySubsequences: false)
        let hint = try #require(lines.firstIndex { $0.hasPrefix("hint: ") })
        let script = lines[(hint + 1)...].joined(separator: "\n")
            .replacingOccurrences(of: "caisson ", with: "\(Workspace.program) ").replacingOccurrences(
                of: "ls -la", with: "cat /left")
        #expect(try await workspace.tool("sh", "-c", script).hasSuffix("here\n"))
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
