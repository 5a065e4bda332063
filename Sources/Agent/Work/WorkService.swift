package import Logging
import Pipeline
package import Runs
import ServiceLifecycle

/// Takes runs from the queue, as many at once as there are slots. When the agent stops it takes no more, gives running
/// ones `stop_timeout` to end, and puts back what is left.
package struct WorkService: Service {
    private let pipelines: Pipelines
    private let configuration: AgentConfiguration
    private let executor: any RunExecutor
    private let store: any RunStore
    private let logs: RunLogs
    private let bell: Doorbell
    private let phase: AgentPhase
    private let logger: Logger

    package init(
        pipelines: Pipelines, configuration: AgentConfiguration, executor: any RunExecutor, store: any RunStore,
        logs: RunLogs, bell: Doorbell, phase: AgentPhase, logger: Logger
    ) {
        self.pipelines = pipelines
        self.configuration = configuration
        self.executor = executor
        self.store = store
        self.logs = logs
        self.bell = bell
        self.phase = phase
        self.logger = logger
    }

    private var settings: AgentConfiguration.QueueSection { configuration.queue }
    private var retry: RetryPolicy {
        RetryPolicy(attempts: settings.retryAttempts, backoff: settings.retryBackoff)
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<settings.slots { group.addTask { await serveSlot() } }
                group.addTask { await sweep() }
            }
        } onGracefulShutdown: {
            phase.stop()
        }
    }

    private func serveSlot() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            // Listened for before the queue is read, so that no ring is missed; a stream that was given up once stays
            // silent, so each look has its own.
            let rings = bell.listen()
            do {
                if let run = try await store.claim(for: configuration.agent.name, lease: settings.lease, at: .now) {
                    await work(on: run)
                    bell.ring()
                } else {
                    await pause(for: rings)
                }
            } catch {
                if Task.isCancelled { return }
                logger.error("cannot take a run from the queue", metadata: ["error": "\(error)"])
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: .seconds(2)) }
            }
        }
    }

    /// Until somebody rings, a run that waits for its time may start, or two seconds are over.
    private func pause(for rings: AsyncStream<Void>) async {
        let start = (try? await store.nextStart()).flatMap { $0 }.map { $0 - .now } ?? .seconds(2)
        let limit = max(.milliseconds(10), min(start, .seconds(2)))
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { for await _ in rings { break } }
                group.addTask { try? await Task.sleep(for: limit) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Takes runs away from holders that stopped renewing.
    private func sweep() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: settings.renew)) != nil {
                do {
                    let runs = try await store.interrupt(
                        .expired, "its worker stopped renewing", retry: retry, at: .now)
                    for run in runs { ended(run) }
                    if !runs.isEmpty { bell.ring() }
                } catch {
                    if Task.isCancelled { return }
                    logger.error("cannot look for lost leases", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func work(on run: Run) async {
        logger.info("run started", metadata: run.metadata.merging(["attempt": "\(run.lifecycle.attempt)"]) { $1 })
        do {
            ended(try await attempt(run))
        } catch {
            let isLost = (error as? RunsError)?.code == .leaseLost
            logger.log(
                level: isLost ? .warning : .error, isLost ? "lease lost" : "cannot report on a run",
                metadata: run.metadata.merging(["error": "\(error)"]) { $1 })
        }
        logs.announce(run.id)
    }

    /// The run as the attempt left it.
    private func attempt(_ run: Run) async throws -> Run {
        guard let pipeline = pipelines[run.request.pipeline], let trigger = pipeline.trigger(named: run.request.trigger)
        else {
            let message = "pipeline `\(run.request.pipeline)` has no trigger `\(run.request.trigger)` any more"
            return try await store.finish(run.claim, .error(message), targets: [], at: .now)
        }
        let log: RunLogWriter
        do {
            log = try await logs.writer(for: run.claim, limit: configuration.limits.log, at: .now)
        } catch {
            return try await store.fault(
                run.claim, "cannot open the log: \(error)", retry: retry, targets: [], at: .now)
        }
        let job = RunJob(
            run: run, pipeline: pipeline, trigger: trigger, limits: configuration.limits.applied(to: pipeline.limits),
            network: configuration.sandbox.network)
        let targets = TargetBoard()
        let attempt = RunAttempt(job: job, store: store, executor: executor, log: log, settings: settings)
        let end = await attempt.carryOut(targets)
        return try await shielded { try await report(end, of: job, await targets.records, to: log) }
    }

    private func report(
        _ end: RunAttempt.End, of job: RunJob, _ targets: [TargetRecord], to log: RunLogWriter
    ) async throws -> Run {
        let claim = job.run.claim
        let run: Run
        switch end {
        case .outcome(let outcome):
            run = try await store.finish(claim, outcome, targets: targets, at: .now)
        case .timedOut:
            let message = "time limit of \(job.limits.time?.configured ?? "") reached"
            run = try await store.finish(claim, .failed(message), targets: targets, at: .now)
        case .cancelled(let reason):
            run = try await store.finish(claim, .cancelled(reason), targets: targets, at: .now)
        case .fault(let message):
            run = try await store.fault(claim, message, retry: retry, targets: targets, at: .now)
        case .stopped:
            run = try await store.giveBack(claim, "the agent stopped", at: .now)
        case .leaseLost:
            throw RunsError(.leaseLost, "attempt \(claim.attempt) no longer holds run \(claim.run)")
        }
        do {
            let cause = run.lifecycle.message.map { ": \($0)" } ?? ""
            try await log.note("run \(run.id) \(run.state)\(cause)", at: .now)
            try await log.close(at: .now)
        } catch {
            logger.error("cannot write the log of a run", metadata: run.metadata.merging(["error": "\(error)"]) { $1 })
        }
        return run
    }

    private func ended(_ run: Run) {
        var metadata = run.metadata
        metadata["state"] = "\(run.state)"
        metadata["message"] = run.lifecycle.message.map { "\($0)" }
        metadata["seconds"] = run.duration(at: .now).map { "\(Double($0.milliseconds) / 1000)" }
        logger.log(
            level: run.state == .error ? .warning : .info, run.state.isFinal ? "run ended" : "run queued again",
            metadata: metadata)
        logs.announce(run.id)
    }
}
