import Foundation
import Linux
import SystemPackage
import Testing

/// The view for people, in a real terminal.
@Suite(
    .enabled(if: Requirements.build && Requirements.isInstalled("tmux"), "needs root, crun, busybox and tmux"),
    .timeLimit(.minutes(2)))
struct TerminalTests {
    /// Stages that do not need each other, and one that needs them all.
    private static func parallelSteps(_ count: Int) -> String {
        let stages = (0..<count).map { number in
            """
            FROM base AS worker\(number)
            RUN /bin/busybox printf "\\033[2J step \(number) works 漢字"; sleep 3; echo \(number) > /out\(number)

            """
        }
        let copies = (0..<count).map { "COPY --from=worker\($0) /out\($0) /\n" }
        return "FROM scratch AS base\nCOPY root /\n" + stages.joined() + "FROM base\n" + copies.joined()
    }

    @Test func twentyStepsStayInTheirWindowAndLeaveTheirLines() async throws {
        let workspace = try Workspace()
        try workspace.context("")
        try workspace.write("app/Dockerfile", Self.parallelSteps(20))
        let terminal = try await Multiplexer(workspace, columns: 90, rows: 12, running: ["build", "app"])
        let isBusy = { (lines: [String]) in
            lines.contains { $0.contains("works 漢字") } && lines.contains { $0.hasSuffix("more running") }
        }
        #expect(try await terminal.wait(for: isBusy))
        let busy = try await terminal.screen()
        #expect(busy.count <= 12 && busy.contains { $0.hasPrefix("Building ") }, "\(busy)")
        try await terminal.resize(columns: 50, rows: 8)
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 0") } })
        let all = try await terminal.history()
        #expect(all.count { $0.hasPrefix(" done    [worker") } == 20, "\(all)")
        #expect(all.count { $0.hasPrefix("Built in ") && $0.contains("41 steps run, 0 cached") } == 1, "\(all)")
        #expect(try await terminal.isCursorVisible())
    }

    @Test(arguments: [["build", "-"], ["build", "-f", "-", "app"]])
    func aTerminalIsNotReadAsAFile(_ arguments: [String]) async throws {
        let workspace = try Workspace()
        try workspace.context("")
        let terminal = try await Multiplexer(workspace, columns: 120, rows: 12, running: arguments)
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 2") } })
        #expect(try await terminal.history().contains { $0.contains("standard input, which is a terminal") })
    }

    @Test func cancelledBuildSaysSoAndLeavesTheTerminalUsable() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo begun; sleep 60\n")
        let terminal = try await Multiplexer(workspace, columns: 80, rows: 24, running: ["build", "app"])
        #expect(try await terminal.wait { $0.contains { $0.contains("begun") } })
        try await terminal.press("C-c")
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 130") } })
        let lines = try await terminal.history()
        #expect(lines.contains { $0.hasPrefix(" stopped [stage-0 2/2] RUN echo begun") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("Cancelled after ") } && !lines.contains { $0.hasPrefix("Building") })
        #expect(try await terminal.isCursorVisible())
    }

    @Test func failedStepShowsItsOutputHarmlessly() async throws {
        let workspace = try Workspace()
        try workspace.context(
            "RUN echo one; /bin/busybox printf '\\033[31mtwo\\033[2J\\n'; /bin/busybox printf three; false\n")
        let terminal = try await Multiplexer(workspace, columns: 80, rows: 24, running: ["build", "app"])
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 1") } })
        let lines = try await terminal.history()
        let failed = try #require(lines.firstIndex { $0.hasPrefix(" FAILED  [stage-0 2/2]") }, "\(lines)")
        #expect(lines[(failed + 1)...].starts(with: ["   one", "   two", "   three"]), "\(lines)")
        #expect(lines.contains { $0.contains("app/Dockerfile:3:1: error:") } && !lines.contains("last output:"))
    }

    @Test func killedBuildLeavesTheCursor() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo begun; sleep 60\n")
        let terminal = try await Multiplexer(workspace, columns: 80, rows: 24, running: ["build", "app"])
        #expect(try await terminal.wait { $0.contains { $0.contains("begun") } })
        for number in HostCensus.processes(with: "app\0--root\0\(workspace.store)") { kill(number, SIGKILL) }
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 137") } })
        #expect(try await terminal.isCursorVisible())
    }

    @Test func viewIsForTerminalsThatCanShowIt() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo begun\n")
        let refused = try await workspace.caisson("build", "--progress", "tty", "app")
        #expect(refused.code == 2 && refused.errorText.contains("terminal"), "\(refused.errorText)")
        let dumb = try await Multiplexer(
            workspace, columns: 80, rows: 24, running: ["build", "app"], environment: "TERM=dumb")
        #expect(try await dumb.wait { $0.contains { $0.hasPrefix("exit 0") } })
        #expect(try await dumb.history().contains { $0.hasPrefix("#2 [stage-0 2/2] RUN echo begun") })
    }

    @Test func plainLinesOnATerminalAreHarmless() async throws {
        let workspace = try Workspace()
        let noise = #"printf 'one\033[2J\033[31mtwo\rthree\007 \033]0;title\007four\n'"#
        try workspace.context("RUN \(noise)\n")
        let terminal = try await Multiplexer(
            workspace, columns: 120, rows: 24, running: ["build", "--progress", "plain", "app"])
        #expect(try await terminal.wait { $0.contains { $0.hasPrefix("exit 0") } })
        let lines = try await terminal.history()
        #expect(lines.contains { $0.hasPrefix("#2 0.") && $0.hasSuffix(" three four") }, "\(lines)")
        let piped = try await workspace.caisson("build", "--no-cache", "--progress", "plain", "app")
        #expect(piped.errorText.contains("one\u{1B}[2J\u{1B}[31mtwo\rthree"), "\(piped.errorText)")
    }
}
