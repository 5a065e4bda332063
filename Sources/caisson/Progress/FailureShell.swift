import Build
import Engine
import Linux
import Sandbox
import Synchronization

/// A shell in the place of the first command that fails. The build is over for those who follow it: from then on the
/// terminal is the shell's.
final class FailureShell: Sendable {
    private let terminal: Terminal
    private let view: any ProgressView
    private let source: BuildSource
    private let showsOutput: Bool
    private let isOpen = Mutex(false)

    /// `showsOutput` is false if the end of a step's output stands above already.
    init(at terminal: Terminal, view: any ProgressView, source: BuildSource, showsOutput: Bool) {
        self.terminal = terminal
        self.view = view
        self.source = source
        self.showsOutput = showsOutput
    }

    /// Whether a command has failed and was looked at: all is said.
    var wasOpened: Bool { isOpen.withLock { $0 } }

    /// Hands events on until there is a shell.
    func pass(_ event: BuildEvent) { isOpen.withLock { if !$0 { view.report(event) } } }

    func visit(_ command: FailedCommand) async throws {
        pass(.stepFailed(command.failure.step, message: command.failure.message))
        isOpen.withLock { $0 = true }
        await view.end(.failed, images: [])
        let failed = FailedStep(command.failure, in: source, showsOutput: showsOutput)
        StandardError.write(
            """
            \(failed.account)
            it ran: \(FailedStep.quoted(command.arguments))
            this is \(command.shell) where it failed; leaving it ends the build

            """)
        let environment = ["TERM=\(ProcessEnvironment.variables()["TERM"] ?? "xterm")"]
        _ = try await command.run([command.shell], environment: environment, input: .terminal(terminal)) {
            $0 == .standardOutput ? StandardOutput.write($1) : StandardError.write($1)
        }
    }
}
