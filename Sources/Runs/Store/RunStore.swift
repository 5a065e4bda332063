package import Pipeline

/// The durable memory of the agent: refs seen, runs, their steps and results; also the queue.
///
/// Every method is one transaction: what it returns is on disk. Methods that take a `RunClaim` throw `leaseLost`, and
/// change nothing, when another attempt has begun or the run has ended. Time comes in from the caller.
package protocol RunStore: Sendable {
    // MARK: Polling

    /// Remembers the heads of a repository and queues a run for every trigger that one of them sets off; cancels queued
    /// runs of refs that are gone.
    func record(_ observation: RefObservation, at now: Timestamp) async throws -> PollResult
    func recordFailedPoll(of repository: RepositoryURL, _ message: String, at now: Timestamp) async throws
    /// The last poll of every repository ever polled.
    func polls() async throws -> [PollRecord]

    // MARK: Queue

    /// Queues a run; an equal request made earlier gives its run instead.
    func enqueue(_ request: RunRequest, at now: Timestamp) async throws -> EnqueuedRun
    /// Leases the oldest run that may start: none before an older unfinished one of its pipeline, trigger and ref, so
    /// that a moving tag only moves forward.
    func claim(for worker: String, lease: Duration, at now: Timestamp) async throws -> Run?
    /// Prolongs a lease; the reason when the run is to be stopped.
    func renew(_ claim: RunClaim, lease: Duration, at now: Timestamp) async throws -> String?
    /// When the next run that waits for its time may start.
    func nextStart() async throws -> Timestamp?
    /// Ends a run for good.
    func finish(
        _ claim: RunClaim, _ outcome: RunOutcome, targets: [TargetRecord], at now: Timestamp
    ) async throws -> Run
    /// Reports that an attempt met a broken host, network or registry.
    func fault(
        _ claim: RunClaim, _ reason: String, retry: RetryPolicy, targets: [TargetRecord], at now: Timestamp
    ) async throws -> Run
    /// Puts a run back that its worker has no time to finish.
    func giveBack(_ claim: RunClaim, _ reason: String, at now: Timestamp) async throws -> Run
    /// Takes the runs away from holders that are gone: those whose lease is over, or all that are running, which is
    /// right only when no other process can hold one.
    func interrupt(
        _ which: InterruptedRuns, _ reason: String, retry: RetryPolicy, at now: Timestamp
    ) async throws -> [Run]
    func cancel(_ id: RunID, _ reason: String, at now: Timestamp) async throws -> Run
    /// Adds a step to the present attempt, or replaces the one of the same id.
    func record(_ step: StepRecord, of claim: RunClaim) async throws

    // MARK: Reading

    func details(of id: RunID) async throws -> RunDetails?
    /// Newest first.
    func runs(_ filter: RunFilter) async throws -> [RunSummary]
    func queueDepth() async throws -> QueueDepth
    /// The commit of the newest run of this trigger and ref that was really built, before run `id`.
    func lastBuiltCommit(before id: RunID) async throws -> CommitID?
}

package enum InterruptedRuns: Sendable {
    case expired, all
}

package struct PollResult: Sendable {
    package let changes: [RefChange]
    /// Runs made by this poll.
    package let queued: [Run]
    package let cancelled: [Run]
}

package struct PollRecord: Hashable, Sendable {
    package let repository: RepositoryURL
    package let polledAt: Timestamp
    package let succeededAt: Timestamp?
    /// Polls that failed since the last success.
    package let failures: Int
    package let message: String?
}

package struct EnqueuedRun: Sendable {
    package let run: Run
    package let isNew: Bool
}

package struct QueueDepth: Hashable, Sendable {
    package let queued: Int
    package let running: Int
}

package struct RunFilter: Sendable {
    package var pipeline: PipelineName?
    /// Only runs older than this one, to page through them.
    package var before: RunID?
    package var limit: Int

    package init(pipeline: PipelineName? = nil, before: RunID? = nil, limit: Int = 50) {
        self.pipeline = pipeline
        self.before = before
        self.limit = limit
    }
}
