package import Logging
import Pipeline
package import Runs
import ServiceLifecycle

/// Looks at every repository in its own rhythm and queues runs for what changed there. A server that is slow or down
/// delays nobody else's polls.
package struct PollService: Service {
    private let pipelines: Pipelines
    private let settings: AgentConfiguration.GitSection
    private let source: any RefSource
    private let store: any RunStore
    private let logs: RunLogs
    private let bell: Doorbell
    private let permits: Permits
    private let logger: Logger

    package init(
        pipelines: Pipelines, settings: AgentConfiguration.GitSection, source: any RefSource, store: any RunStore,
        logs: RunLogs, bell: Doorbell, logger: Logger
    ) {
        self.pipelines = pipelines
        self.settings = settings
        self.source = source
        self.store = store
        self.logs = logs
        self.bell = bell
        self.logger = logger
        permits = Permits(settings.connections)
    }

    package func run() async throws {
        let earlier = Dictionary(uniqueKeysWithValues: try await store.polls().map { ($0.repository, $0.failures) })
        let repositories = pipelines.byRepository
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for (repository, files) in repositories {
                    var schedule = PollSchedule(
                        interval: settings.interval, maximum: settings.maximumInterval, jitter: settings.jitter,
                        failures: min(earlier[repository] ?? 0, 3))
                    group.addTask {
                        await poll(repository, files, &schedule, among: repositories.count)
                    }
                }
                // Without repositories there is nothing to do but to stay until the agent stops.
                group.addTask { while (try? await Task.sleep(for: .seconds(3600))) != nil {} }
            }
        }
    }

    private func poll(
        _ repository: RepositoryURL, _ files: [PipelineFile], _ schedule: inout PollSchedule, among count: Int
    ) async {
        var pause = schedule.firstPause(repositories: count, random: .random(in: 0...1))
        while (try? await Task.sleep(for: pause)) != nil {
            guard let succeeded = await pollOnce(repository, files) else { return }
            pause = schedule.pause(afterSuccess: succeeded, random: .random(in: 0...1))
        }
    }

    /// Whether the poll succeeded; nil when the agent stops.
    private func pollOnce(_ repository: RepositoryURL, _ files: [PipelineFile]) async -> Bool? {
        do {
            let prefixes = Set(files.flatMap(\.refPrefixes)).sorted()
            let heads = try await permits.hold {
                try await withDeadline(settings.timeout, "server did not answer in \(settings.timeout.configured)") {
                    try await source.refs(of: repository, prefixes: prefixes)
                }
            }
            let observation = RefObservation(
                repository: repository, prefixes: prefixes, heads: heads, pipelines: files)
            report(try await store.record(observation, at: .now), of: repository)
            return true
        } catch {
            if Task.isCancelled { return nil }
            logger.warning("poll failed", metadata: ["repository": "\(repository)", "error": "\(error)"])
            do {
                try await store.recordFailedPoll(of: repository, "\(error)", at: .now)
            } catch {
                if Task.isCancelled { return nil }
                logger.error(
                    "cannot record a failed poll", metadata: ["repository": "\(repository)", "error": "\(error)"])
            }
            return false
        }
    }

    private func report(_ result: PollResult, of repository: RepositoryURL) {
        for change in result.changes where change.ref.kind == .tag && change.old != nil && change.new != nil {
            logger.warning(
                "tag moved, not built",
                metadata: [
                    "repository": "\(repository)", "ref": "\(change.ref)", "commit": "\(change.new?.hex ?? "")",
                ])
        }
        for run in result.queued { logger.info("run queued", metadata: run.metadata) }
        for run in result.cancelled {
            logger.info("run cancelled", metadata: run.metadata)
            logs.announce(run.id)
        }
        if !result.queued.isEmpty || !result.cancelled.isEmpty { bell.ring() }
    }
}

extension Run {
    /// The same keys in every log line about a run.
    var metadata: Logger.Metadata {
        [
            "run": "\(id)", "pipeline": "\(request.pipeline)", "trigger": "\(request.trigger)",
            "ref": "\(request.ref)", "commit": "\(request.commit)",
        ]
    }
}
