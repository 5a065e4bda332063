import ArgumentParser
import Build
import Engine
import Linux
import OCI

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs an image in a sandbox; what it writes is dropped afterwards.",
        discussion: """
            The exit code is the program's.
            Example: caisson run 127.0.0.1:5000/app:1 /app --self-test
            """)

    @Argument var reference: String
    @Argument(parsing: .captureForPassthrough, help: "The command instead of the image's own.") var command: [String] = []
    @Option(name: .customLong("network"), help: "default or none.") var network = "default"
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    func run() async throws {
        guard let mode = RunOperation.Network(rawValue: network) else {
            throw CommandFailure.usage("network `\(network)` is neither default nor none")
        }
        let reference: ImageReference
        do { reference = try ImageReference(parsing: self.reference) } catch { throw CommandFailure.usage(error.message) }
        let engine = try store.engine(limits: try limits.limits)
        let code = try await engine.run(reference, command: command, network: mode) { channel, bytes in
            channel == .standardOutput ? StandardOutput.write(bytes) : StandardError.write(bytes)
        }
        if code != 0 { ProcessExit.exit(code) }
    }
}
