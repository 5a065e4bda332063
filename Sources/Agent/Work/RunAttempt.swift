import Pipeline
import Runs
import ServiceLifecycle

/// One attempt of one run, from its lease to its last report.
struct RunAttempt: Sendable {
    /// How the work of an attempt came to its end.
    enum End: Sendable {
        case outcome(RunOutcome)
        case fault(String)
        case cancelled(String)
        /// The time the pipeline allows is over.
        case timedOut
        /// Another attempt has begun, or may have.
        case leaseLost
        /// The agent stops before the run is over.
        case stopped
    }

    let job: RunJob
    let store: any RunStore
    let executor: any RunExecutor
    let log: RunLogWriter
    let settings: AgentConfiguration.QueueSection

    private var claim: RunClaim { job.run.claim }

    /// Works until there is a result or a reason to stop, renewing the lease meanwhile.
    func carryOut(_ targets: TargetBoard) async -> End {
        let end = await withTaskGroup(of: End?.self) { group in
            group.addTask { await work(targets) }
            group.addTask { await keepLease() }
            group.addTask { await waitForStop() }
            if let limit = job.limits.time {
                group.addTask { (try? await Task.sleep(for: limit)).map { .timedOut } }
            }
            var first: End?
            while first == nil, let next = await group.next() { first = next }
            group.cancelAll()
            return first
        }
        await executor.release(job)
        return end ?? .stopped
    }

    /// Nil when it was stopped from outside.
    private func work(_ targets: TargetBoard) async -> End? {
        do {
            return .outcome(try await build(targets))
        } catch {
            if Task.isCancelled || error is CancellationError { return nil }
            switch error {
            case RunFailure.commit(let message): return .outcome(.failed(message))
            case RunFailure.configuration(let message): return .outcome(.error(message))
            case let error as RunsError where error.code == .leaseLost: return .leaseLost
            case let error as RunStopped: return .cancelled(error.reason)
            default: return .fault("\(error)")
            }
        }
    }

    private func build(_ targets: TargetBoard) async throws -> RunOutcome {
        if let reason = try await reasonToSkip() { return .skipped(reason) }
        let reporter = RunReporter(claim: claim, store: store, log: log)
        var built = try await executor.build(job, reporting: reporter)
        await targets.set(built)
        if let failure = built.failure { return .failed(failure) }
        for index in built.images.indices where !built.images[index].references.isEmpty {
            if let reason = try await store.renew(claim, lease: settings.lease, at: .now) {
                throw RunStopped(reason: reason)
            }
            try await executor.push(built.images[index], of: job, reporting: reporter)
            let pushed = built.images[index].references
            built.images[index].target.image?.references = pushed
            await targets.set(built)
        }
        return .succeeded
    }

    private func reasonToSkip() async throws -> String? {
        guard let paths = job.trigger.paths, case .change = job.run.request.cause,
            let last = try await store.lastBuiltCommit(before: job.run.id), last != job.run.request.commit
        else { return nil }
        let changed = try await executor.changedPaths(of: job, since: last)
        guard !changed.contains(where: { paths.matches($0) }) else { return nil }
        return "no path of trigger `\(job.trigger.name)` changed since \(last.short)"
    }

    /// Renews until there is a reason to stop. A lease that cannot be renewed is given up before anybody else may take
    /// the run.
    private func keepLease() async -> End? {
        var renewed = ContinuousClock.now
        while (try? await Task.sleep(for: settings.renew)) != nil {
            do {
                if let reason = try await store.renew(claim, lease: settings.lease, at: .now) {
                    return .cancelled(reason)
                }
                renewed = .now
            } catch {
                if Task.isCancelled { return nil }
                if (error as? RunsError)?.code == .leaseLost { return .leaseLost }
                if renewed.duration(to: .now) > settings.lease * 3 / 4 { return .leaseLost }
            }
        }
        return nil
    }

    /// After SIGTERM, gives the work its time.
    private func waitForStop() async -> End? {
        guard (try? await gracefulShutdown()) != nil, (try? await Task.sleep(for: settings.stopTimeout)) != nil else {
            return nil
        }
        return .stopped
    }
}

/// The run was cancelled between two parts of its work.
private struct RunStopped: Error {
    let reason: String
}

/// What is known of the targets of an attempt, for the report of however it ends.
actor TargetBoard {
    private(set) var records: [TargetRecord] = []

    func set(_ built: BuiltRun) { records = built.checks + built.images.map(\.target) }
}

extension BuiltRun {
    /// What failed, in words; nil: nothing.
    var failure: String? {
        let failed = (checks + images.map(\.target)).filter { $0.status != .succeeded }
        guard let first = failed.first(where: { $0.status == .failed }) ?? failed.first else { return nil }
        let cause = first.message.map { ": \($0)" } ?? ""
        let others = failed.filter { $0.status == .failed }.count - 1
        return "\(first.kind) `\(first.name)` failed\(cause)" + (others > 0 ? " (and \(others) more)" : "")
    }
}
