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
            Example: caisson run 127.0.0.1:5000/app:1 /app --self-test
            """)

    @Argument(help: "An image of the store or a registry.") var reference: String
    @Argument(parsing: .captureForPassthrough, help: "The command instead of the image's own.") var command: [String] =
        []
    @Option(name: .customLong("network"), help: "What the program can reach.")
    var network = RunOperation.Network.default
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    /// What shells answer for a program that is not there.
    private static let notFound: Int32 = 127

    func run() async throws {
        let reference = try ImageReference(argument: self.reference)
        let engine = try store.engine(limits: try limits.limits)
        let code: Int32
        do {
            code = try await engine.run(reference, command: command, network: network) { channel, bytes in
                channel == .standardOutput ? StandardOutput.write(bytes) : StandardError.write(bytes)
            }
        } catch let error as SandboxError where error.code == .notExecutable {
            StandardError.write("error: \(error)\n")
            code = Self.notFound
        }
        if code != 0 { ProcessExit.exit(code) }
    }
}
