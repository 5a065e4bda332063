import Agent
import ArgumentParser

@main
enum Main {
    static func main() async {
        Agent.helpIfRequested(arguments: CommandLine.arguments)
        do {
            var command = try CaissonAgent.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            AgentEnding(error, usage: usage(of: error)).exit()
        }
    }

    private static func usage(of error: any Error) -> AgentEnding.Usage? {
        switch CaissonAgent.exitCode(for: error) {
        case .success: .success(CaissonAgent.fullMessage(for: error))
        case .validationFailure: .mistake(CaissonAgent.fullMessage(for: error))
        default: nil
        }
    }
}

struct CaissonAgent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caisson-agent",
        abstract: "Polls repositories, builds and checks what changed, pushes images.",
        discussion: "Exit codes: 0 ok, 2 usage or configuration, 3 infrastructure (port, disk, data folder in use).",
        version: "caisson-agent 0.1.0",
        subcommands: [Serve.self])
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the agent until SIGTERM or SIGINT.",
        discussion: """
            The first signal lets runs end (`stop_timeout`), the second ends at once.

            caisson-agent serve --config /etc/caisson/agent.conf
            caisson-agent serve --config agent.conf --check
            """)

    @Option(help: ArgumentHelp("The configuration; agent.conf of the sources has every key.", valueName: "file"))
    var config = "/etc/caisson/agent.conf"

    @Flag(help: "Read configuration and pipelines, say what is wrong with them, and end.")
    var check = false

    func run() async throws {
        try await AgentProgram.serve(config: config, isCheckOnly: check)
    }
}
