import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxLimitTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ spec: SandboxSpec) async throws -> StepResult {
        let supervisor = try await SandboxSupervisor.forTests()
        let result = try await supervisor.run(spec, in: root)
        await supervisor.stop()
        return result
    }

    @Test(.enabled(if: Requirements.limits[.memory] != nil, "needs the memory controller"))
    func stepThatNeedsTooMuchMemoryIsKilledAndNamed() async throws {
        var spec = SandboxSpec.script("exec tail -c 100000000 /dev/zero")
        spec.limits.memory = 32 << 20
        let exit = try await run(spec).exit
        #expect(exit.cause == .outOfMemory)
        #expect(exit.code == 137)
        #expect(try #require(exit.peakMemory) <= 32 << 20)
    }

    @Test(.enabled(if: Requirements.limits[.memory] != nil, "needs the memory controller"))
    func filesInMemoryCountAsMemory() async throws {
        var spec = SandboxSpec.script("exec dd if=/dev/zero of=/dev/shm/x bs=1M count=60")
        spec.limits.memory = 24 << 20
        #expect(try await run(spec).exit.cause == .outOfMemory)
    }

    @Test func sharedMemoryIsBounded() async throws {
        let exit = try await run(.script("exec dd if=/dev/zero of=/dev/shm/x bs=1M count=80")).exit
        #expect(exit.cause == .exited)
        #expect(exit.code == 1)
    }

    @Test(.enabled(if: Requirements.limits[.processes] != nil, "needs the pids controller"))
    func forkBombEndsWithTheStep() async throws {
        var spec = SandboxSpec.script("bomb() { bomb | bomb & }; bomb; sleep 0.5; exit 3")
        spec.limits.processes = 50
        let exit = try await run(spec).exit
        #expect(exit.cause == .processLimit)
    }

    @Test(.enabled(if: Requirements.limits[.processor] != nil, "needs the cpu controller"))
    func processorLimitIsSet() async throws {
        var spec = SandboxSpec.script("i=0; while test $i -lt 200000; do i=$((i+1)); done")
        spec.limits.processors = 0.2
        let exit = try await run(spec).exit
        #expect(exit.processorTime * 2 < exit.duration)
    }

    @Test(arguments: ["sleep 1000", "trap '' TERM INT; while :; do sleep 1; done", "sleep 1000 & kill -STOP $!; wait"])
    func stepIsKilledAtItsTimeLimit(script: String) async throws {
        var spec = SandboxSpec.script(script)
        spec.limits.time = .milliseconds(300)
        let exit = try await run(spec).exit
        #expect(exit.cause == .timedOut)
    }

    @Test func cancellingTheTaskKillsTheStep() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        let (started, signal) = AsyncStream<Void>.makeStream()
        let step = Task { [root] in
            try await supervisor.run(.script("echo started; exec sleep 77002"), root: try root.mount()) { _ in
                signal.yield()
            }
        }
        for await _ in started { break }
        step.cancel()
        await #expect(throws: CancellationError.self) { try await step.value }
        #expect(processes(with: "77002").isEmpty)
        // The supervisor goes on.
        #expect(try await supervisor.run(.script("echo next"), in: root).output == "next\n")
        await supervisor.stop()
    }

    @Test func stoppingTheSupervisorEndsItsSteps() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        let (started, signal) = AsyncStream<Void>.makeStream()
        let step = Task { [root] in
            try await supervisor.run(.script("echo started; exec sleep 77003"), root: try root.mount()) { _ in
                signal.yield()
            }
        }
        for await _ in started { break }
        await supervisor.stop()
        await #expect(throws: (any Error).self) { try await step.value }
        #expect(processes(with: "77003").isEmpty)
        await #expect(throws: (any Error).self) { try await supervisor.run(.script("true"), in: root) }
    }

    @Test func stepWaitsForASlowReader() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let gate = ends[0]
        let (first, signal) = AsyncStream<Void>.makeStream()
        let step = Task { [root] in
            try await supervisor.run(
                .script("head -c 3000000 /dev/zero; touch /work/written"), root: try root.mount(upper: "upper")
            ) { _ in
                signal.yield()
                // Returns when the other end is closed.
                var byte: UInt8 = 0
                _ = read(gate, &byte, 1)
            }
        }
        for await _ in first { break }
        try await Task.sleep(for: .milliseconds(200))
        #expect(access("\(root.directory)/upper/files/work/written", F_OK) != 0)
        close(ends[1])
        #expect(try await step.value.isSuccess)
        #expect(access("\(root.directory)/upper/files/work/written", F_OK) == 0)
        close(gate)
        await supervisor.stop()
    }
}
