import Hummingbird
package import Logging
import Pipeline
import Runs
import ServiceLifecycle
import SystemPackage

/// The agent put together: store, services, HTTP. `source` and `executor` are the world it works on.
package struct Agent: Sendable {
    private let configuration: AgentConfiguration
    private let folder: DataFolder
    private let services: [any Service]
    private let logger: Logger

    /// Locks the data folder, opens the database, and puts back what a killed agent left running. `onListening` gets
    /// the TCP port once it is known.
    package init(
        _ configuration: AgentConfiguration, pipelines: Pipelines, source: any RefSource, executor: any RunExecutor,
        logger: Logger, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        self.configuration = configuration
        self.logger = logger
        folder = try DataFolder(configuration.agent.data)
        let store = try SQLiteRunStore(path: folder.database)
        let logs = RunLogs(folder: folder.logs)
        let bell = Doorbell()
        let phase = AgentPhase()
        let retry = RetryPolicy(
            attempts: configuration.queue.retryAttempts, backoff: configuration.queue.retryBackoff)
        for run in try await store.interrupt(.all, "the agent was killed", retry: retry, at: .now) {
            logger.warning("run was interrupted", metadata: run.metadata.merging(["state": "\(run.state)"]) { $1 })
        }
        for warning in pipelines.warnings { logger.warning("\(warning)") }
        if pipelines.files.isEmpty { logger.warning("there are no pipelines") }
        let trigger = ManualTrigger(
            pipelines: pipelines, source: source, store: store, timeout: configuration.git.timeout)
        let api = AgentAPI(
            configuration: configuration, pipelines: pipelines, store: store, logs: logs, trigger: trigger, bell: bell,
            phase: phase, startedAt: .now)
        // The last stop first: polls end, then the runs, and only then nobody can look any more.
        services =
            Self.servers(configuration, in: folder, api, logger, onListening) + [
                WorkService(
                    pipelines: pipelines, configuration: configuration, executor: executor, store: store, logs: logs,
                    bell: bell, phase: phase, logger: logger),
                PollService(
                    pipelines: pipelines, settings: configuration.git, source: source, store: store, logs: logs,
                    bell: bell,
                    logger: logger),
            ]
    }

    private static func servers(
        _ configuration: AgentConfiguration, in folder: DataFolder, _ api: AgentAPI, _ logger: Logger,
        _ onListening: @escaping @Sendable (Int) -> Void
    ) -> [any Service] {
        let listen = configuration.http.listen
        var servers: [any Service] = [
            HTTPService(
                address: .hostname(listen.host, port: listen.port), name: listen.description,
                api: api, isLoopbackOnly: listen.isLoopback, logger: logger,
                onListening: { $0.map(onListening) })
        ]
        if let socket = configuration.http.socket {
            let path = folder.path.pushing(socket).string
            servers.append(
                HTTPService(
                    address: .unixDomainSocket(path: path), name: path, api: api, isLoopbackOnly: false, logger: logger,
                    onListening: { _ in }))
        }
        return servers
    }

    /// Works until the first element of `stop` has ended everything in order; the second ends it at once. Ends, too,
    /// when the task is cancelled.
    package func run(stop: some AsyncSequence<Void, Never> & Sendable) async throws {
        var settings = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }, logger: quiet)
        settings.maximumGracefulShutdownDuration = configuration.queue.stopTimeout + .seconds(60)
        let group = ServiceGroup(configuration: settings)
        logger.info("agent started", metadata: ["name": "\(configuration.agent.name)", "data": "\(folder.path)"])
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                var isStopping = false
                for await _ in stop {
                    if isStopping { throw CancellationError() }
                    logger.info("agent stops")
                    isStopping = true
                    await group.triggerGracefulShutdown()
                }
                try await Task.sleep(for: .seconds(1 << 32))
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
        logger.info("agent stopped")
    }

    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(.warning, logger.logLevel)
        return logger
    }
}
