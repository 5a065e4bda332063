import ArgumentParser
import Git
import Linux

@main
enum Main {
    static func main() async {
        GitHelper.runIfRequested(arguments: CommandLine.arguments)
        await command.value
    }

    private static let command = Task { await run() }

    private static func run() async {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if let failure = UnknownCommand.failure(in: arguments, of: Caisson.self) { throw failure }
            var command = try Caisson.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try cancelWhenStopped()
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Failure(Task.isCancelled ? CancellationError() : error).exit()
        }
    }

    /// The first request to stop lets the command undo what it began; the second does not wait for that.
    private static func cancelWhenStopped() throws {
        try StopRequest.handle { number in
            if number > 1 { ProcessExit.exit(Failure.Code.cancelled.rawValue) }
            command.cancel()
        }
    }
}

struct Caisson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caisson",
        abstract: "Builds images from Dockerfiles: reproducibly, in sandboxes, without a daemon.",
        discussion: """
            Exit codes:
              0    ok
              1    failed build or check
              2    usage or configuration
              3    infrastructure: network, registry, disk, missing host feature
              4    not reproducible
              130  cancelled
            """,
        version: "caisson 0.1.0",
        groupedSubcommands: [
            CommandGroup(
                name: "Building",
                subcommands: [
                    BuildCommand.self, BakeCommand.self, ExplainCommand.self, RunCommand.self, ShellCommand.self,
                    DockerfileCommand.self,
                ]),
            CommandGroup(
                name: "Images",
                subcommands: [
                    ImageCommand.self, PullCommand.self, PushCommand.self, LoginCommand.self, CacheCommand.self,
                    FsckCommand.self,
                ]),
            CommandGroup(
                name: "Agent",
                subcommands: [
                    StatusCommand.self, RunsCommand.self, ShowCommand.self, LogsCommand.self, TriggerCommand.self,
                ]),
            CommandGroup(name: "Host", subcommands: [DoctorCommand.self, CompletionCommand.self]),
        ])
}
