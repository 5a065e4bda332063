import Foundation
import Glibc
import Linux
import SystemPackage
import Testing

/// `caisson shell`, `run -i`, `run -t` and `build --on-failure=shell`: programs somebody talks to.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(3)))
struct ShellTests {
    private static let hasTerminals = Requirements.isInstalled("tmux")

    // MARK: Run

    @Test func standardInputIsHandedOnIfAskedFor() async throws {
        let workspace = try Workspace()
        try workspace.context("CMD [\"/bin/busybox\", \"sh\", \"-c\", \"/bin/busybox wc -c; exit 3\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        for (arguments, count) in [(["run", "-i"], "5"), (["run"], "0")] {
            var command = workspace.command(arguments + ["example.org/app:1"])
            command.input = .bytes(Array("12345".utf8))
            let result = try await command.run()
            #expect(result.code == 3 && result.outputText == "\(count)\n", "\(result.errorText)")
        }
    }

    @Test(arguments: [
        ["run", "-t", "example.org/app:1"], ["run", "-it", "example.org/app:1"],
        ["build", "--on-failure=shell", "app"],
    ])
    func terminalIsNeededWhereOneIsAskedFor(arguments: [String]) async throws {
        let workspace = try Workspace()
        try workspace.context("RUN true\n")
        let result = try await workspace.command(arguments).run()
        #expect(result.code == 2 && result.errorText.contains("needs a terminal as standard input"))
        #expect(!workspace.exists("store/layers") || !result.errorText.contains("RUN"), "\(result.errorText)")
    }

    @Test(.enabled(if: hasTerminals, "needs tmux"))
    func programInATerminalIsTalkedTo() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN ln -s busybox /bin/stty; ln -s busybox /bin/tty\nCMD [\"/bin/sh\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let terminal = try await Multiplexer(
            workspace, columns: 80, rows: 24, running: ["run", "-it", "example.org/app:1"], namesStore: false)
        #expect(try await terminal.wait { $0.contains { $0.hasSuffix("/ #") } })
        try await terminal.type("tty; stty size; echo $TERM")
        #expect(try await terminal.wait { $0.contains("/dev/pts/0") && $0.contains("24 80") && $0.contains("screen") })
        try await terminal.resize(columns: 70, rows: 20)
        try await terminal.type("stty size")
        #expect(try await terminal.wait { $0.contains("20 70") })
        try await terminal.type("sleep 60")
        try await terminal.press("C-c")
        try await terminal.type("exit 5")
        #expect(try await terminal.wait { $0.contains("exit 5") && $0.last == "exit 5" })
        // The terminal echoes again.
        try await terminal.type("typed")
        #expect(try await terminal.wait { $0.last == "typed" })
    }

    @Test(.enabled(if: hasTerminals, "needs tmux"), arguments: [SIGTERM, SIGHUP, SIGQUIT, SIGABRT])
    func terminalIsGivenBackWhateverEndsTheProgram(signal: Int32) async throws {
        let workspace = try Workspace()
        try workspace.context("CMD [\"/bin/sh\", \"-c\", \"echo begun; sleep 60\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let terminal = try await Multiplexer(
            workspace, columns: 80, rows: 24, running: ["run", "-it", "example.org/app:1"],
            environment: "SWIFT_BACKTRACE=enable=no", namesStore: false)
        #expect(try await terminal.wait { $0.contains { $0.contains("begun") } })
        let process = try #require(Self.process(of: workspace))
        kill(process, signal)
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 1") } })
        try await terminal.type("typed")
        #expect(try await terminal.wait { $0.last == "typed" })
    }

    /// The program that works on a workspace's store.
    private static func process(of workspace: Workspace) -> Int32? {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return all.first { number in
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/exe")
            guard program == Workspace.program.string,
                let environment = FileManager.default.contents(atPath: "/proc/\(number)/environ"),
                let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline")
            else { return false }
            return String(decoding: environment, as: UTF8.self).contains("CAISSON_ROOT=\(workspace.store)")
                && String(decoding: line, as: UTF8.self).hasPrefix(Workspace.program.string)
        }
    }

    // MARK: Shell

    @Test(arguments: ["0:0", "1000:1000"])
    func sourcesBelongToTheOwnerOfTheirDirectory(user: String) async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            RUN ln -s busybox /bin/id; ln -s busybox /bin/stat
            ENV NAME=value
            WORKDIR /src/app
            USER \(user)
            FROM example.org/absent
            RUN false

            """, files: ["given": "text"])
        for name in ["app", "app/given"] { chown(workspace.path(name), 1234, 1235) }
        let script = "pwd; id -u; cat given; echo; echo $NAME; stat -c %u:%g . given; echo new > made; mkdir dir"
        let text = try await workspace.succeed("shell", "0", "app", "--", "sh", "-c", script)
        let uid = user.split(separator: ":")[0]
        #expect(text == "/src/app\n\(uid)\ntext\nvalue\n\(user)\n\(user)\n")
        for name in ["app/made", "app/dir"] {
            var status = stat()
            #expect(stat(workspace.path(name), &status) == 0 && status.st_uid == 1234 && status.st_gid == 1235)
        }
        #expect(try workspace.read("app/made") == "new\n")
    }

    @Test func sourcesAreWhereTheyAreWanted() async throws {
        let workspace = try Workspace()
        try workspace.context("", files: ["given": "text"])
        let script = "pwd; cat /deep/er/given; exit 4"
        let result = try await workspace.caisson(
            "shell", "--mount-at", "/deep/er", "0", "app", "--", "/bin/sh", "-c", script)
        #expect(result.code == 4 && result.outputText == "/\ntext", "\(result.errorText)")
        let error = try await workspace.caisson("shell", "0", "app", "--", "true")
        #expect(error.code == 2 && error.errorText.contains("--mount-at"), "\(error.errorText)")
    }

    @Test func withoutATerminalTheShellReadsAScript() async throws {
        let workspace = try Workspace()
        try workspace.context("WORKDIR /src\n")
        var command = workspace.command(["shell", "0", "app"])
        command.input = .bytes(Array("echo $((6*7)); exit 9\n".utf8))
        let result = try await command.run()
        #expect(result.code == 9 && result.outputText == "42\n", "\(result.errorText)")
    }

    @Test(.enabled(if: hasTerminals, "needs tmux"))
    func shellOfAStageIsInATerminal() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN ln -s busybox /bin/tty\nWORKDIR /src\n", files: ["given": "text"])
        let terminal = try await Multiplexer(workspace, columns: 80, rows: 24, running: ["shell", "0", "app"])
        #expect(try await terminal.wait { $0.contains { $0.hasSuffix("/src #") } })
        try await terminal.type("tty; ls; exit 6")
        #expect(try await terminal.wait { $0.contains("exit 6") })
        let lines = try await terminal.history()
        #expect(lines.contains("/dev/pts/0") && lines.contains { $0.contains("given") }, "\(lines)")
    }

    // MARK: Failure

    @Test(.enabled(if: hasTerminals, "needs tmux"), arguments: ["tty", "plain"])
    func shellOfAFailedStepSeesWhatTheStepLeft(progress: String) async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            RUN mkdir /work
            WORKDIR /work
            ARG NAME=value
            RUN --mount=type=cache,target=/cache echo cached > /cache/kept; echo left > made; false

            """)
        let terminal = try await Multiplexer(
            workspace, columns: 100, rows: 40,
            running: ["build", "--on-failure=shell", "--progress", progress, "app"])
        #expect(try await terminal.wait { $0.contains { $0.hasSuffix("/work #") } })
        try await terminal.type("cat made /cache/kept; echo $NAME; exit 5")
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 1") } })
        let lines = try await terminal.history()
        for line in ["left", "cached", "value"] { #expect(lines.contains(line), "\(lines)") }
        #expect(lines.contains { $0.hasPrefix("it ran: /bin/sh -c ") }, "\(lines)")
        #expect(lines.contains("this is /bin/sh where it failed; leaving it ends the build"), "\(lines)")
        #expect(lines.contains { $0.hasPrefix("error: line 6, in stage 0: the command ended with exit code 1") })
        try await terminal.type("typed")
        #expect(try await terminal.wait { $0.last == "typed" })
    }

    @Test(.enabled(if: hasTerminals, "needs tmux"))
    func shellTellsOfStepsBesideItAndThatItShowsSecrets() async throws {
        let workspace = try Workspace()
        try workspace.context("")
        try workspace.write(
            "app/Dockerfile",
            """
            FROM scratch AS tools
            COPY root /
            FROM tools AS failing
            RUN --mount=type=secret,id=key --mount=type=cache,target=/shared until cat /shared/go; do sleep 0.1; done; false
            FROM tools AS beside
            RUN --mount=type=cache,target=/shared echo > /shared/go; sleep 600
            FROM tools
            COPY --from=failing / /0
            COPY --from=beside / /1

            """)
        try workspace.write("key", "a secret value")
        let terminal = try await Multiplexer(
            workspace, columns: 150, rows: 40,
            running: ["build", "--on-failure=shell", "--progress", "plain", "--secret", "id=key,src=key", "app"])
        #expect(try await terminal.wait { $0.contains { $0.hasSuffix("/ #") } })
        try await terminal.type("cat /run/secrets/key; echo; exit")
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 1") } })
        let lines = try await terminal.history()
        let account =
            "this is /bin/sh where it failed; leaving it ends the build and stops another step, which goes on unseen"
        #expect(lines.contains(account + "; secrets are shown as they are"), "\(lines)")
        #expect(lines.contains("a secret value"), "\(lines)")
    }

    @Test func failureSaysThatThereIsAShell() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN false\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1 && result.errorText.contains("--on-failure=shell"))
    }

    /// What is printed can be typed as it is.
    @Test func failureSaysHowToLookAtItExactly() async throws {
        let workspace = try Workspace()
        try workspace.context("ARG NAME\nRUN echo $NAME > /made\nRUN false\n")
        let result = try await workspace.caisson(
            "build", "--build-arg", "NAME=it's", "--build-arg=API_TOKEN=hidden", "--progress", "plain", "app")
        let shell =
            "    \(Workspace.program) build --on-failure=shell --build-arg 'NAME=it'\\''s' --build-arg=API_TOKEN "
            + "--progress plain app"
        #expect(result.code == 1 && result.errorText.contains(shell), "\(result.errorText)")
        #expect(!result.errorText.contains("hidden"))
        let tail = try #require(result.errorText.split(separator: "or for a look at what it ran on:\n").last)
        let looked = try await workspace.tool("sh", "-c", String(tail).replacing("ls -la", with: "cat /made"))
        #expect(looked.hasSuffix("it's\n"), "\(looked)")
        let piped = try await workspace.tool(
            "sh", "-c", "cat app/Dockerfile | \(Workspace.program) build -f - app 2>&1 || true")
        #expect(
            piped.contains("for a shell where it failed, with the same standard input again:"), "\(piped)")
        #expect(!piped.contains("what it ran on"))
    }
}
