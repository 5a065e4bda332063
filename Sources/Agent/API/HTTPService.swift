import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Serves the API at one address. On graceful shutdown, requests in progress end first.
struct HTTPService: Service {
    let address: BindAddress
    /// For messages.
    let name: String
    let api: AgentAPI
    /// Requests must name loopback as their host.
    let isLoopbackOnly: Bool
    let logger: Logger
    /// Called with the port once connections are accepted; nil for a unix socket.
    let onListening: @Sendable (Int?) -> Void

    func run() async throws {
        let application = Application(
            router: api.router(isLoopbackOnly: isLoopbackOnly),
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: { channel in
                logger.info("listening", metadata: ["address": "\(name)"])
                onListening(channel.localAddress?.port)
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw AgentError(.address, "cannot serve HTTP at \(name): \(error)")
        }
    }

    /// The framework's own lines about its start repeat ours.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(.warning, logger.logLevel)
        return logger
    }
}
