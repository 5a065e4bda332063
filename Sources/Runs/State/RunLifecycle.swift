/// Where a run stands, and every step it may take from there: a value, so that all of it is decided without a database.
///
///     queued ──lease──▶ running ──finish──▶ succeeded │ failed │ error │ cancelled │ skipped
///       ▲  │                │
///       │  └──cancel──▶ cancelled
///       └──fault (retried) · interrupt (attempts left) · giveBack
///
/// `attempt` counts leases and fences their holders: whatever an attempt reports after another has begun, or after its
/// lease was taken away, is refused with `leaseLost`.
package struct RunLifecycle: Hashable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        case queued, running
        case succeeded
        /// The build or a check failed: the commit's fault.
        case failed
        /// The run could not be carried out: the fault of host, network or configuration.
        case error
        case cancelled
        /// There was nothing to do: no matching path changed.
        case skipped

        package var isFinal: Bool { self != .queued && self != .running }
    }

    package struct Lease: Hashable, Sendable {
        package let worker: String
        package let expires: Timestamp
    }

    package internal(set) var state = State.queued
    package internal(set) var attempt = 0
    /// Attempts that ended through no fault of the commit; bounded by `RetryPolicy`.
    package internal(set) var faults = 0
    /// Not to be leased earlier.
    package internal(set) var notBefore: Timestamp?
    package internal(set) var lease: Lease?
    /// Why a running run shall stop.
    package internal(set) var cancellation: String?
    /// The last word on the run, for people: why it failed, waits again or was cancelled.
    package internal(set) var message: String?
    package internal(set) var startedAt: Timestamp?
    package internal(set) var finishedAt: Timestamp?

    package init() {}

    package mutating func lease(to worker: String, for duration: Duration, at now: Timestamp) throws(RunsError) {
        guard state == .queued, notBefore.map({ $0 <= now }) ?? true else { throw invalid("lease") }
        state = .running
        attempt += 1
        notBefore = nil
        lease = Lease(worker: worker, expires: now + duration)
        startedAt = now
        finishedAt = nil
    }

    /// Prolongs the lease; the reason when the run is to be stopped.
    package mutating func renew(
        attempt: Int, for duration: Duration, at now: Timestamp
    ) throws(RunsError) -> String? {
        let holder = try holder(attempt)
        lease = Lease(worker: holder.worker, expires: now + duration)
        return cancellation
    }

    package mutating func finish(attempt: Int, _ outcome: RunOutcome, at now: Timestamp) throws(RunsError) {
        _ = try holder(attempt)
        end(outcome.state, outcome.message, at: now)
    }

    /// The attempt met a broken host, network or registry: waits and tries again, or ends as `error`.
    package mutating func fault(
        attempt: Int, _ reason: String, retry: RetryPolicy, at now: Timestamp
    ) throws(RunsError) {
        _ = try holder(attempt)
        requeue(reason, delay: retry.delay(afterFault: faults + 1), retry: retry, at: now)
    }

    /// The holder of the lease is gone: its process died or it stopped renewing.
    package mutating func interrupt(_ reason: String, retry: RetryPolicy, at now: Timestamp) throws(RunsError) {
        guard state == .running else { throw invalid("interrupt") }
        requeue(reason, delay: .zero, retry: retry, at: now)
    }

    /// The worker stops and leaves the run to the next one; no fault of the run.
    package mutating func giveBack(attempt: Int, _ reason: String, at now: Timestamp) throws(RunsError) {
        _ = try holder(attempt)
        backToQueue(reason, notBefore: nil, at: now)
    }

    /// Ends a queued run; asks the holder of a running one to stop. A finished run stays as it is.
    package mutating func cancel(_ reason: String, at now: Timestamp) {
        switch state {
        case .queued: end(.cancelled, reason, at: now)
        case .running: cancellation = cancellation ?? reason
        default: break
        }
    }

    private func holder(_ attempt: Int) throws(RunsError) -> Lease {
        guard state == .running, attempt == self.attempt, let lease else {
            throw RunsError(
                .leaseLost, "attempt \(attempt) no longer holds the run, which is \(state) in attempt \(self.attempt)")
        }
        return lease
    }

    private mutating func requeue(_ reason: String, delay: Duration, retry: RetryPolicy, at now: Timestamp) {
        faults += 1
        if let cancellation {
            end(.cancelled, cancellation, at: now)
        } else if faults >= retry.attempts {
            let count = faults > 1 ? " (attempt \(faults) of \(retry.attempts))" : ""
            end(.error, reason + count, at: now)
        } else {
            backToQueue(reason, notBefore: delay > .zero ? now + delay : nil, at: now)
        }
    }

    private mutating func backToQueue(_ reason: String, notBefore: Timestamp?, at now: Timestamp) {
        if let cancellation {
            end(.cancelled, cancellation, at: now)
            return
        }
        state = .queued
        lease = nil
        message = reason
        self.notBefore = notBefore
    }

    private mutating func end(_ state: State, _ message: String?, at now: Timestamp) {
        self.state = state
        self.message = message
        lease = nil
        notBefore = nil
        finishedAt = now
    }

    private func invalid(_ step: String) -> RunsError {
        RunsError(.invalidTransition, "cannot \(step) a run that is \(state)")
    }
}

/// How an attempt ends a run for good.
package enum RunOutcome: Hashable, Sendable {
    case succeeded
    case failed(String)
    case error(String)
    case cancelled(String)
    case skipped(String)

    package var state: RunLifecycle.State {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .error: .error
        case .cancelled: .cancelled
        case .skipped: .skipped
        }
    }

    package var message: String? {
        switch self {
        case .succeeded: nil
        case .failed(let message), .error(let message), .cancelled(let message), .skipped(let message): message
        }
    }
}

/// How often, and how patiently, runs are repeated that failed through no fault of their commit.
package struct RetryPolicy: Hashable, Sendable {
    /// Attempts in all.
    package var attempts: Int
    /// From the first pause to the longest.
    package var backoff: ClosedRange<Duration>

    package init(attempts: Int = 3, backoff: ClosedRange<Duration> = .seconds(10)...Duration.seconds(300)) {
        self.attempts = attempts
        self.backoff = backoff
    }

    /// The pause after the n-th fault, n from 1: four times the one before.
    package func delay(afterFault number: Int) -> Duration {
        var delay = backoff.lowerBound
        for _ in 1..<max(1, min(number, 32)) where delay < backoff.upperBound { delay *= 4 }
        return min(delay, backoff.upperBound)
    }
}
