import Linux
import OCI
import Sandbox
import Storage

extension CommandRunner {
    /// The layer of what the command changed. A command that fails throws `BuildError.step` with its last output.
    /// The first of `inputs` is what it runs on; mounts take their files from any.
    func run(
        _ run: RunOperation, step: Step, on inputs: [MountInput], emit: @escaping EventSink
    ) async throws -> DiffID {
        try await whileRunning { supervisor in
            try await self.run(run, step: step, on: inputs, supervisor, emit: emit)
        }
    }

    private func run(
        _ run: RunOperation, step: Step, on inputs: [MountInput], _ supervisor: SandboxSupervisor,
        emit: @escaping EventSink
    ) async throws -> DiffID {
        let (chain, tree) = (inputs[0].chain, inputs[0].tree)
        let identity = try UserDatabase(of: tree, in: store).identity(of: run.user)
        try Self.checkDirectory(run.workingDirectory, in: tree, step: step)
        var attempt = try await self.attempt(run, identity, on: inputs, upper: upper, supervisor, step, emit)
        if !attempt.exit.isSuccess, attempt.snapshot.upper.isFull || attempt.mounts?.isFull == true {
            let text = "warning: the step's changes do not fit into memory, it runs again on disk\n"
            emit(.stepOutput(step, .standardError, Array(text.utf8)))
            attempt = try await self.attempt(
                run, identity, on: inputs, upper: UpperPolicy(disk: upper.disk), supervisor, step, emit)
        }
        guard attempt.exit.isSuccess else {
            let failure = failure(of: attempt.exit, step: step, tail: attempt.tail)
            if let root = attempt.secondRoot, let mounts = attempt.mounts {
                try await visit(
                    FailedCommand(
                        failure: failure, arguments: run.arguments, shell: Shell.path(in: tree),
                        spec: { try self.spec(run, identity, mounts) },
                        start: { spec, input, output in
                            let second = try DetachedMount.clone(of: root.rawValue).release()
                            return try await supervisor.run(spec, root: SharedDescriptor(second), input: input) {
                                $0.hand(to: output)
                            }.code
                        }))
            }
            throw BuildError.step(failure)
        }
        let result: CommitResult
        do {
            result = try await snapshotter.commit(attempt.snapshot, lower: chain.layers, epoch: run.epoch)
        } catch let error as StorageError where error.code == .invalidLayer {
            // Something the command made.
            throw BuildError.step(StepFailure(step: step, message: error.message))
        }
        for warning in result.warnings {
            emit(.stepOutput(step, .standardError, Array("warning: \(warning)\n".utf8)))
        }
        return result.layer.diffID
    }

    /// A run of the command, successful or not, with what it left behind.
    private struct Attempt {
        let exit: SandboxExit
        let snapshot: WritableSnapshot
        /// nil after success: others may have its caches while the layer is made.
        let mounts: PreparedMounts?
        let tail: OutputTail
        /// Of the snapshot, for a visitor: the first one is used up.
        let secondRoot: SharedDescriptor?
    }

    private func attempt(
        _ run: RunOperation, _ identity: UserDatabase.Identity, on inputs: [MountInput], upper: UpperPolicy,
        _ supervisor: SandboxSupervisor, _ step: Step, _ emit: @escaping EventSink
    ) async throws -> Attempt {
        let preparation = MountPreparation(
            mounts: run.mounts, devices: run.devices.edits, user: identity.sandboxUser, inputs: inputs, store: store,
            snapshotter: snapshotter, ids: supervisor.ids,
            upper: upper, loans: loans
        ) { emit(.stepOutput(step, .standardError, Array("\($0)\n".utf8))) }
        let mounts = try await preparation.prepared()
        let snapshot = try await snapshotter.writable(
            inputs[0].chain.layers, ids: supervisor.ids, upper: upper, mountPoints: mounts.points)
        let secondRoot =
            hasVisitor
            ? SharedDescriptor(try DetachedMount.clone(of: snapshot.rootDescriptor.rawValue).release()) : nil
        let tail = OutputTail()
        let redaction = Redaction(loans.values(of: run.mounts))
        @Sendable func show(_ bytes: [UInt8], of channel: OutputChannel) {
            if bytes.isEmpty { return }
            tail.append(bytes)
            emit(.stepOutput(step, channel, bytes))
        }
        let exit = try await supervisor.run(
            try spec(run, identity, mounts), root: snapshot.rootDescriptor
        ) { output in
            switch output.stream {
            case .standardOutput: show(redaction.pass(output.bytes, of: .standardOutput), of: .standardOutput)
            case .standardError: show(redaction.pass(output.bytes, of: .standardError), of: .standardError)
            case .warning:
                emit(.stepOutput(step, .standardError, Array("warning: ".utf8) + output.bytes + Array("\n".utf8)))
            }
        }
        for channel in [OutputChannel.standardOutput, .standardError] { show(redaction.end(of: channel), of: channel) }
        if exit.isSuccess, exit.outOfMemoryKills > 0 {
            let text = "warning: the command succeeded, but processes of it were killed at its memory limit\n"
            emit(.stepOutput(step, .standardError, Array(text.utf8)))
        }
        return Attempt(
            exit: exit, snapshot: snapshot, mounts: exit.isSuccess ? nil : mounts, tail: tail, secondRoot: secondRoot)
    }

    /// What the operation, its user and its mounts say to the sandbox.
    nonisolated func spec(
        _ run: RunOperation, _ identity: UserDatabase.Identity, _ mounts: PreparedMounts = PreparedMounts()
    ) throws -> SandboxSpec {
        var environment = mounts.environment(adding: run.environment + run.proxies)
        if !environment.contains(where: { $0.hasPrefix("HOME=") }) {
            environment.append("HOME=\(identity.home ?? "/")")
        }
        var user = identity.sandboxUser
        user.supplementaryGroups += mounts.groups.filter { !user.supplementaryGroups.contains($0) }
        var spec = SandboxSpec(
            arguments: run.arguments, environment: environment, workingDirectory: run.workingDirectory, user: user,
            network: run.network.sandboxed, security: run.security == .insecure ? .insecure : .sandbox, limits: limits,
            mounts: try mounts.mounts(), files: run.script.map { [.init(name: $0.name, contents: $0.bytes)] } ?? [])
        run.settings.apply(to: &spec)
        return spec
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
}

extension UserDatabase.Identity {
    fileprivate var sandboxUser: SandboxSpec.User {
        SandboxSpec.User(uid: uid, gid: gid, supplementaryGroups: supplementary)
    }
}

extension RunOperation.Network {
    fileprivate var sandboxed: SandboxSpec.Network {
        switch self {
        case .none: .none
        case .default: .default
        case .host: .host
        }
    }
}
