package import Runs

/// Takes what an attempt tells about itself, to the run's log and its list of steps. Calls are carried out in order; one
/// that throws means that the attempt has lost its lease or that the disk fails, and the attempt should end.
package struct RunReporter: Sendable {
    private let claim: RunClaim
    private let store: any RunStore
    private let log: RunLogWriter

    init(claim: RunClaim, store: any RunStore, log: RunLogWriter) {
        self.claim = claim
        self.store = store
        self.log = log
    }

    /// A step begins; `id` is unique within the attempt, `name` for people: `[build 2/4] RUN make`.
    package func started(_ id: String, name: String) async throws {
        let step = StepRecord(id: id, name: name, startedAt: .now)
        try await log.start(id, name: name, at: step.startedAt)
        try await store.record(step, of: claim)
    }

    /// Bytes a started step wrote, as it wrote them.
    package func output(_ bytes: [UInt8], of id: String) async throws {
        try await log.append(bytes, to: id, at: .now)
    }

    /// A started step is over. `step.startedAt` and `duration` are the engine's own, finer than the calls.
    package func finished(_ step: StepRecord) async throws {
        try await log.finish(step, at: .now)
        try await store.record(step, of: claim)
    }

    /// A line of the agent's own.
    package func note(_ text: String) async throws {
        try await log.note(text, at: .now)
    }
}
