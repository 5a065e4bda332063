import Archive
import Linux
import OCI
package import Sandbox
package import Storage
import Synchronization

/// Runs the commands of one build: each in a sandbox on its layers, with a writable directory on top that becomes the
/// next layer.
package actor CommandRunner {
    private let store: Store
    private let snapshotter: any Snapshotter
    private let limits: SandboxSpec.Limits
    private let upper: UpperPolicy
    private let startSupervisor: @Sendable () async throws -> SandboxSupervisor
    private var supervisor: Task<SandboxSupervisor, any Error>?
    /// Commands that run now.
    private var running = 0
    private var isStopped = false

    /// `startSupervisor` is called once, when the first command runs: a cached build needs no sandbox.
    package init(
        store: Store, snapshotter: any Snapshotter, limits: SandboxSpec.Limits, upper: UpperPolicy,
        startSupervisor: @escaping @Sendable () async throws -> SandboxSupervisor
    ) {
        self.store = store
        self.snapshotter = snapshotter
        self.limits = limits
        self.upper = upper
        self.startSupervisor = startSupervisor
    }

    private func runningSupervisor() async throws -> SandboxSupervisor {
        if let supervisor { return try await supervisor.value }
        let start = Task { try await startSupervisor() }
        supervisor = start
        return try await start.value
    }

    /// Ends the supervisor: at once, or with the last command that another build shares and waits for.
    package func stop() async {
        isStopped = true
        await stopIfIdle()
    }

    private func stopIfIdle() async {
        guard isStopped, running == 0, let start = supervisor else { return }
        supervisor = nil
        // One that did not start has told whoever wanted it.
        guard let started = try? await start.value else { return }
        await started.stop()
    }

    private func whileRunning<Result: Sendable>(
        _ body: (SandboxSupervisor) async throws -> Result
    ) async throws -> Result {
        running += 1
        do {
            let result = try await body(try await runningSupervisor())
            running -= 1
            await stopIfIdle()
            return result
        } catch {
            running -= 1
            await stopIfIdle()
            throw error
        }
    }

    /// The layer of what the command changed. A command that fails throws `BuildError.step` with its last output.
    func run(
        _ run: RunOperation, step: Step, on chain: LayerChain, tree: FileTree, emit: @escaping EventSink
    ) async throws -> DiffID {
        try await whileRunning { supervisor in
            try await self.run(run, step: step, on: chain, tree: tree, supervisor, emit: emit)
        }
    }

    private func run(
        _ run: RunOperation, step: Step, on chain: LayerChain, tree: FileTree, _ supervisor: SandboxSupervisor,
        emit: @escaping EventSink
    ) async throws -> DiffID {
        let identity = try UserDatabase(of: tree, in: store).identity(of: run.user)
        try Self.checkDirectory(run.workingDirectory, in: tree, step: step)
        let spec = spec(run, identity)
        var attempt = try await self.attempt(spec, on: chain, upper: upper, supervisor, step, emit)
        if !attempt.exit.isSuccess, attempt.snapshot.upper.isFull {
            let text = "warning: the step's changes do not fit into memory, it runs again on disk\n"
            emit(.stepOutput(step, .standardError, Array(text.utf8)))
            attempt = try await self.attempt(
                spec, on: chain, upper: UpperPolicy(disk: upper.disk), supervisor, step, emit)
        }
        guard attempt.exit.isSuccess else { throw failure(of: attempt.exit, step: step, tail: attempt.tail) }
        let result = try await snapshotter.commit(attempt.snapshot, lower: chain.layers, epoch: run.epoch)
        for warning in result.warnings {
            emit(.stepOutput(step, .standardError, Array("warning: \(warning)\n".utf8)))
        }
        return result.layer.diffID
    }

    /// Runs a program in the image of `chain` and drops what it writes; returns its exit code.
    package func exitCode(
        of arguments: [String], environment: [String], workingDirectory: String, user: String,
        network: RunOperation.Network, on chain: LayerChain, tree: FileTree,
        output: @escaping @Sendable (OutputChannel, [UInt8]) -> Void
    ) async throws -> Int32 {
        let operation = RunOperation(
            arguments: arguments, environment: environment, workingDirectory: workingDirectory, user: user,
            network: network, script: nil, platform: .current, epoch: 0)
        let identity = try UserDatabase(of: tree, in: store).identity(of: user)
        return try await whileRunning { supervisor in
            let snapshot = try await snapshotter.writable(chain.layers, ids: supervisor.ids, upper: upper)
            let exit = try await supervisor.run(spec(operation, identity), root: snapshot.rootDescriptor) { item in
                output(item.stream == .standardOutput ? .standardOutput : .standardError, item.bytes)
            }
            return exit.code
        }
    }

    /// A run of the command, successful or not, with what it left behind.
    private struct Attempt {
        let exit: SandboxExit
        let snapshot: WritableSnapshot
        let tail: OutputTail
    }

    private func attempt(
        _ spec: SandboxSpec, on chain: LayerChain, upper: UpperPolicy, _ supervisor: SandboxSupervisor, _ step: Step,
        _ emit: @escaping EventSink
    ) async throws -> Attempt {
        let snapshot = try await snapshotter.writable(chain.layers, ids: supervisor.ids, upper: upper)
        let tail = OutputTail()
        let exit = try await supervisor.run(spec, root: snapshot.rootDescriptor) { output in
            switch output.stream {
            case .standardOutput, .standardError:
                tail.append(output.bytes)
                let channel: OutputChannel = output.stream == .standardOutput ? .standardOutput : .standardError
                emit(.stepOutput(step, channel, output.bytes))
            case .warning:
                emit(.stepOutput(step, .standardError, Array("warning: ".utf8) + output.bytes + Array("\n".utf8)))
            }
        }
        return Attempt(exit: exit, snapshot: snapshot, tail: tail)
    }

    private func spec(_ run: RunOperation, _ identity: UserDatabase.Identity) -> SandboxSpec {
        var environment = run.environment
        if let home = identity.home, !environment.contains(where: { $0.hasPrefix("HOME=") }) {
            environment.append("HOME=\(home)")
        }
        return SandboxSpec(
            arguments: run.arguments, environment: environment, workingDirectory: run.workingDirectory,
            user: .init(uid: identity.uid, gid: identity.gid, supplementaryGroups: identity.supplementary),
            network: run.network == .none ? .none : .default, limits: limits,
            files: run.script.map { [.init(name: $0.name, contents: $0.bytes)] } ?? [])
    }

    private static func checkDirectory(_ path: String, in tree: FileTree, step: Step) throws {
        let node = try? tree.resolve(Array(path.utf8)).node
        guard let node, tree[node].isDirectory else {
            throw BuildError.step(
                StepFailure(
                    step: step, message: "the working directory `\(path)` is not a directory of the image",
                    hint: "set it with WORKDIR, which makes it"))
        }
    }

    private func failure(of exit: SandboxExit, step: Step, tail: OutputTail) -> BuildError {
        let message: String
        var hint: String?
        switch exit.cause {
        case .exited: message = "the command ended with exit code \(exit.code)"
        case .outOfMemory:
            message = "the command was killed at its memory limit of \(limits.memory.map(String.init) ?? "?") bytes"
            hint = "raise the limit with --memory, or `limits.memory` in agent.conf"
        case .processLimit:
            message = "the command reached its limit of \(limits.processes.map(String.init) ?? "?") processes"
            hint = "raise the limit with --pids, or `limits.pids` in agent.conf"
        case .timedOut:
            message = "the command was stopped at its time limit"
            hint = "raise the limit with --timeout, or `limits.time` in agent.conf"
        }
        return .step(
            StepFailure(step: step, message: message, hint: hint, exitCode: exit.code, lastOutput: tail.lines))
    }
}

/// The end of what a command wrote.
private final class OutputTail: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    private static let limit = 16 << 10
    private static let lineLimit = 20

    func append(_ more: [UInt8]) {
        bytes.withLock { bytes in
            bytes += more
            if bytes.count > 2 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
        }
    }

    var lines: [String] {
        let text = String(decoding: bytes.withLock { $0.suffix(Self.limit) }, as: UTF8.self)
        return text.split(separator: "\n").suffix(Self.lineLimit).map(String.init)
    }
}
