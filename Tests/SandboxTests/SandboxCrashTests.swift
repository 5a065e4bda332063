import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

/// A program that dies without a chance to clean up leaves nothing behind.
@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxCrashTests {
    @Test func killedProgramLeavesNoProcess() async throws {
        // Both marks are found in command lines: of the supervisor, and of what the step runs.
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let root = try BusyboxRoot(FilePath("/tmp/caisson-sandbox-crash-\(getppid())"))
            let supervisor = try await SandboxSupervisor.start(
                ids: IDMapping(base: 1_777_000_000), runtime: CrunRuntime.locate(), expecting: [.none, .default])
            _ = try await supervisor.run(
                .script("setsid sleep 77004 & echo started; exec sleep 77004"), root: try root.mount()
            ) { _ in
                _ = kill(getpid(), SIGKILL)
            }
        }
        // The kernel ends them before the parent is gone, but a namespace's last processes may still be on their way.
        while !processes(with: "77004").isEmpty || !processes(with: "1777000000").isEmpty {
            try await Task.sleep(for: .milliseconds(10))
        }
        Cgroup.sweep(.host)
        #expect(removeTree("/tmp/caisson-sandbox-crash-\(getpid())") == 0)
    }
}
