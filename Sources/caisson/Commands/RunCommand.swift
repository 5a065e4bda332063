import ArgumentParser
import Build
import Engine
import Linux
import OCI
import Sandbox

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs an image in a sandbox; what it writes is dropped afterwards.",
        discussion: """
            The exit code is the program's.
            Examples:
              caisson run 127.0.0.1:5000/app:1 /app --self-test
              caisson run -it 127.0.0.1:5000/app:1 /bin/sh
              tar -c . | caisson run -i 127.0.0.1:5000/app:1 tar -t
            """)

    @Argument(help: "An image of the store or a registry.") var reference: String
    @Argument(parsing: .captureForPassthrough, help: "The command instead of the image's own.") var command: [String] =
        []
    @Option(name: .customLong("network"), help: "What the program can reach.")
    var network = RunOperation.Network.default
    @OptionGroup var input: InputOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    func run() async throws {
        let reference = try ImageReference(argument: self.reference)
        let input = try input.input
        let engine = try store.engine(limits: try limits.limits)
        let options = ProgramOptions(input: input, settings: try sandbox.settings(), environment: input.environment)
        let command = command
        let network = network
        try await ProgramExit.end { output in
            try await engine.run(reference, command: command, network: network, options: options, output: output)
        }
    }
}

/// Ends this process as a program in a sandbox ended.
enum ProgramExit {
    /// What shells answer for a program that is not there.
    private static let notFound: Int32 = 127

    static func end(_ body: (@escaping FailedCommand.Output) async throws -> Int32) async throws {
        let code: Int32
        do {
            code = try await body { channel, bytes in
                channel == .standardOutput ? StandardOutput.write(bytes) : StandardError.write(bytes)
            }
        } catch let error as SandboxError where error.code == .notExecutable {
            StandardError.write("error: \(error)\n" + (error.hint.map { "hint: \($0)\n" } ?? ""))
            code = notFound
        } catch let error as SandboxError where error.isOfTheBuild {
            throw CommandFailure.usage("\(error)")
        }
        if code != 0 { ProcessExit.exit(code) }
    }
}
