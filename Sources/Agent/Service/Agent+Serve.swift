import Engine
import Git
import HTTP
import Linux
package import Logging
import Pipeline
import Registry

extension Agent {
    /// Serves with the engine of this process until SIGTERM or SIGINT.
    package static func serve(_ settings: AgentSettings, logger: Logger) async throws {
        let engine = try Engine(EngineConfiguration(settings.configuration))
        let agent = try await Agent(
            settings.configuration, pipelines: settings.pipelines, source: EngineRefSource(engine: engine),
            executor: EngineRunExecutor(engine: engine), logger: logger)
        try await agent.run(stop: await StopSignals.trap())
    }

    /// Does the work of a helper process and ends, if this process was started as one; `main` calls it first.
    package static func helpIfRequested(arguments: [String]) {
        GitHelper.runIfRequested(arguments: arguments)
    }
}

extension EngineConfiguration {
    fileprivate init(_ configuration: AgentConfiguration) {
        var registries = RegistryConfiguration()
        var credentials: [String: Credential] = [:]
        for registry in configuration.registries {
            var host = RegistryConfiguration.Host()
            host.plainHTTP = registry.plainHTTP
            registries.hosts[registry.host] = host
            if let given = registry.credentials {
                credentials[registry.host] = .basic(user: given.user, password: given.password)
            }
        }
        self.init(
            root: configuration.agent.data, registries: registries, credentials: StaticCredentials(credentials),
            gitSchemes: Set(configuration.git.schemes.compactMap { GitURL.Scheme(rawValue: $0.rawValue) }),
            quota: configuration.limits.store?.bytes)
        proxies = HTTPProxies(environment: ProcessEnvironment.variables())
    }
}
