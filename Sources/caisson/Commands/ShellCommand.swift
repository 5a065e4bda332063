import ArgumentParser
import Build
import Dockerfile
import Engine
import Linux
import OCI
import Sandbox
import SystemPackage

struct ShellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Opens a shell in the environment of a stage, with the sources mounted.",
        discussion: """
            Builds the stage, as far as it is not cached, and runs bash, or else sh, or the command, with its environment,
            user and working directory. The context is mounted there for reading and writing: what the command makes in
            it belongs to the owner of that directory. All else it writes is dropped. The exit code is the command's.
            Examples:
              caisson shell
              caisson shell test -- make check
              caisson shell --on-failure=shell test
              caisson shell build --mount-at /src ../project
            """)

    @Argument(help: "The stage. Default: the last one.") var stage: String?
    @OptionGroup var contexts: ContextOptions
    @Argument(parsing: .postTerminator, help: "The command instead of a shell, after --.") var command: [String] = []
    @Option(
        name: .customLong("mount-at"),
        help: ArgumentHelp("Where the sources are. Default: the stage's WORKDIR.", valueName: "path"))
    var mountAt: String?
    @Option(name: .customLong("build-arg"), help: ArgumentHelp("An ARG's value.", valueName: "name[=value]"))
    var buildArg: [String] = []
    @Option(name: .customLong("network"), help: "What RUN without --network and the shell can reach.")
    var network = RunOperation.Network.default
    @OptionGroup var secrets: SecretOptions
    @OptionGroup var entitlements: EntitlementOptions
    @OptionGroup var failure: FailureOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions
    @Option(name: .customLong("progress"), help: "How the build is shown on standard error.") var progress =
        ProgressStyle.auto

    func run() async throws {
        if let mountAt, !mountAt.hasPrefix("/") {
            throw CommandFailure.usage("--mount-at `\(mountAt)` is no absolute path")
        }
        guard !contexts.areGivenInput else {
            throw CommandFailure.usage("standard input is the shell's, and cannot be what is built too")
        }
        let input = try SandboxInput.standardInput()
        let terminal = try failure.terminal()
        let engine = try store.engine(limits: try limits.limits)
        let remotes = try engine.remotes()
        let source = try await contexts.source(through: remotes)
        guard let directory = source.directory else {
            throw CommandFailure.usage("`\(contexts.context)` is no directory, which a shell has its sources from")
        }
        let image = try await build(source, engine, remotes, terminal)
        let options = ProgramOptions(
            input: input, settings: try sandbox.settings(), environment: input.environment,
            sources: SourceMount(directory, at: mountAt), isShell: true)
        let (command, network) = (command, network)
        try await ProgramExit.end { output in
            try await engine.run(
                image, entrypoint: [], command: command, network: network, options: options, output: output)
        }
    }

    private func build(
        _ source: BuildSource, _ engine: Engine, _ remotes: BuildRemotes, _ terminal: Terminal?
    ) async throws -> BuiltImage {
        var request = try await source.request(
            targets: stage.map { [$0] } ?? [], arguments: try BuildCommand.pairs(buildArg, bare: .environment),
            labels: [:], platforms: [.current], network: network, epoch: "auto", usesCache: true)
        entitlements.apply(to: &request)
        request.settings = try sandbox.settings()
        request.remotes = remotes
        request.namedContexts = try await contexts.namedContexts(of: engine, through: remotes)
        let lent = try secrets.secrets()
        request.secrets = lent
        let view = try progress.view(for: source.dockerfile.source, store.color)
        let showsOutput = progress.resolved != .tty
        let shell = terminal.map {
            FailureShell(
                at: $0, view: view, source: source, showsOutput: showsOutput, hasSecrets: !lent.secrets.isEmpty)
        }
        if let shell { request.visitor = { try await shell.visit($0) } }
        do {
            return try await view.following(images: { [$0] }) { [request] show in
                try await engine.build(request, report: shell?.pass ?? show)[0]
            }
        } catch BuildError.step(let failure) {
            if shell?.wasOpened == true { throw CommandFailure("\(failure)") }
            throw CommandFailure(
                text: FailedStep(failure, in: source, showsOutput: showsOutput, rerun: RerunCommand()).text)
        } catch BuildError.unreachable(let failure) {
            throw CommandFailure(text: FailedStep(failure, in: source, showsOutput: false).text, .infrastructure)
        }
    }
}
