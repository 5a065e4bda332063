import Foundation
import Glibc
import Linux
import SystemPackage
import TestServers
import Testing

/// Builds that are stopped or killed: nothing of them runs on, nothing stays mounted, and the store is as good as before.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(4)))
struct InterruptionTests {
    /// A build whose RUN sleeps with `marker` in its command line, also in a session of its own.
    private func sleepingBuild(_ workspace: Workspace, _ marker: String) async throws -> ChildProcess {
        _ = CgroupHierarchy.host
        try workspace.context("RUN echo begun; setsid sleep \(marker) & sleep \(marker)\n")
        let build = try await workspace.command(["build", "app"]).start()
        let isRunning = try await HostCensus.wait { HostCensus.processes(with: "sleep\u{0}\(marker)").count == 2 }
        try #require(isRunning, "the step does not run")
        return build
    }

    private func expectNothingLeft(_ workspace: Workspace, _ marker: String) async throws {
        #expect(try await HostCensus.wait { HostCensus.processes(with: marker).isEmpty })
        #expect(HostCensus.mounts(with: workspace.store.string).isEmpty)
    }

    private func expectNextBuildWorks(_ workspace: Workspace, after number: Int32) async throws {
        try workspace.context("RUN echo next\n")
        try await workspace.succeed("build", "app")
        #expect(HostCensus.cgroups(of: number).isEmpty)
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func stoppedBuildIs130AndLeavesNothing(signal: CInt) async throws {
        let workspace = try Workspace()
        let marker = HostCensus.marker()
        let build = try await sleepingBuild(workspace, marker)
        build.send(signal)
        let result = await build.result()
        #expect(result.status == .exited(130), "\(result.errorText)")
        #expect(result.errorText.contains("cancelled"), "\(result.errorText)")
        try await expectNothingLeft(workspace, marker)
        #expect(HostCensus.cgroups(of: build.id).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("store/work")).isEmpty)
        try await expectNextBuildWorks(workspace, after: build.id)
    }

    @Test func stoppedRunIs130AndLeavesNothing() async throws {
        let workspace = try Workspace()
        let marker = HostCensus.marker()
        try workspace.context("CMD [\"/bin/sleep\", \"\(marker)\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let run = try await workspace.command(["run", "example.org/app:1"]).start()
        try #require(try await HostCensus.wait { !HostCensus.processes(with: "sleep\u{0}\(marker)").isEmpty })
        run.send(SIGINT)
        #expect(await run.wait() == .exited(130))
        try await expectNothingLeft(workspace, marker)
    }

    @Test(arguments: ["build", "pull"])
    func silentRegistryDoesNotHoldAStoppedCommand(name: String) async throws {
        let workspace = try Workspace()
        let server = try ScriptedServer { _, _ in Script([.waitForClose]) }
        try workspace.write("app/Dockerfile", "FROM \(server.host)/base:1\nRUN true\n")
        let arguments = name == "build" ? ["build", "app"] : ["pull", "\(server.host)/base:1"]
        let command = try await workspace.command(arguments).start()
        try #require(try await HostCensus.wait { !server.requests.isEmpty })
        command.send(SIGINT)
        #expect(await command.wait() == .exited(130))
    }

    @Test func killedBuildLeavesNothingButWhatTheNextOneSweeps() async throws {
        let workspace = try Workspace()
        let marker = HostCensus.marker()
        let build = try await sleepingBuild(workspace, marker)
        build.send(SIGKILL)
        #expect(await build.wait() == .signalled(SIGKILL))
        try await expectNothingLeft(workspace, marker)
        try await expectNextBuildWorks(workspace, after: build.id)
    }

    @Test func storeIsSoundAfterKillsAtAnyInstant() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 20000 > /a\nCOPY data /data\nRUN seq 1 30000 > /b\n")
        for number in 0..<50 { try workspace.write("app/data/\(number)", String(repeating: "\(number)", count: 5000)) }
        let command = workspace.command(["build", "--no-cache", "app"])
        let start = ContinuousClock.now
        let whole = try await command.run()
        // Other tests may have slowed this one down.
        let duration = min(ContinuousClock.now - start, .seconds(2))
        let kills = Requirements.full ? 50 : 10
        for instant in 1...kills {
            let build = try await command.start()
            try await Task.sleep(for: duration * Double(instant) / (Double(kills) + 0.5))
            build.send(SIGKILL)
            _ = await build.wait()
        }
        let check = try await workspace.caisson("fsck")
        #expect(check.code == 0, "\(check.outputText)")
        #expect(try await workspace.succeed("build", "app") == whole.outputText)
    }
}
