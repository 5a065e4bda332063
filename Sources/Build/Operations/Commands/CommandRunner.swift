package import Sandbox
package import Storage

/// Runs the commands of one build: each in a sandbox on its layers, with a writable directory on top that becomes the
/// next layer.
package actor CommandRunner {
    let store: Store
    let snapshotter: any Snapshotter
    let limits: SandboxSpec.Limits
    let upper: UpperPolicy
    let loans: RunLoans
    private let visitor: FailureVisitor?
    private var isVisited = false
    private let startSupervisor: @Sendable () async throws -> SandboxSupervisor
    private var supervisor: Task<SandboxSupervisor, any Error>?
    /// Commands that run now.
    private var running = 0
    private var isStopped = false

    /// `renewsCaches` makes caches start anew whose mounts say what they begin with. `startSupervisor` is called once,
    /// when the first command runs: a cached build needs no sandbox.
    package init(
        store: Store, snapshotter: any Snapshotter, limits: SandboxSpec.Limits, upper: UpperPolicy,
        secrets: BuildSecrets = BuildSecrets(), renewsCaches: Bool = false, cacheScope: String? = nil,
        visitor: FailureVisitor? = nil,
        startSupervisor: @escaping @Sendable () async throws -> SandboxSupervisor
    ) {
        self.store = store
        self.snapshotter = snapshotter
        self.limits = limits
        self.upper = upper
        loans = RunLoans(secrets, renewsCaches: renewsCaches, cacheScope: cacheScope)
        self.visitor = visitor
        self.startSupervisor = startSupervisor
    }

    var hasVisitor: Bool { visitor != nil }

    /// Lets the visitor see the first command that fails.
    func visit(_ command: FailedCommand) async throws {
        guard let visitor, !isVisited else { return }
        isVisited = true
        try await visitor(command)
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
        guard isStopped, running == 0 else { return }
        await loans.end()
        guard let start = supervisor else { return }
        supervisor = nil
        // One that did not start has told whoever wanted it.
        guard let started = try? await start.value else { return }
        await started.stop()
    }

    func whileRunning<Result: Sendable>(
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
}
