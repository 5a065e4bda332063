import Build
import Engine
import Linux
import Sandbox
import Synchronization

/// A shell in the place of the first command that fails. The build is over for those who follow it: from then on the
/// terminal is the shell's. Steps beside the one that failed go on unseen, are stored if they end, and are stopped with
/// the shell. Nothing is masked in it: it is shown and kept nowhere but on the terminal of whoever gave the secrets, and
/// a line being typed cannot wait for what may be the rest of one.
final class FailureShell: Sendable {
    private let terminal: Terminal
    private let view: any ProgressView
    private let source: BuildSource
    private let showsOutput: Bool
    private let hasSecrets: Bool
    private let state = Mutex(State())

    private struct State {
        var isOpen = false
        /// Steps that run, by the order of the file.
        var running: Set<Int> = []
    }

    /// `showsOutput` is false if the end of a step's output stands above already.
    init(
        at terminal: Terminal, view: any ProgressView, source: BuildSource, showsOutput: Bool, hasSecrets: Bool
    ) {
        self.terminal = terminal
        self.view = view
        self.source = source
        self.showsOutput = showsOutput
        self.hasSecrets = hasSecrets
    }

    /// Whether a command has failed and was looked at: all is said.
    var wasOpened: Bool { state.withLock { $0.isOpen } }

    /// Hands events on until there is a shell.
    func pass(_ event: BuildEvent) {
        state.withLock { state in
            switch event {
            case .stepStarted(let step): state.running.insert(step.number)
            case .stepFinished(let step, _), .stepFailed(let step, _): state.running.remove(step.number)
            default: break
            }
            if !state.isOpen { view.report(event) }
        }
    }

    func visit(_ command: FailedCommand) async throws {
        pass(.stepFailed(command.failure.step, message: command.failure.message))
        let others = state.withLock { state in
            state.isOpen = true
            return state.running.count
        }
        await view.end(.failed, images: [])
        let failed = FailedStep(command.failure, in: source, showsOutput: showsOutput)
        StandardError.write(
            """
            \(failed.account)
            it ran: \(ShellWords.quoted(command.arguments))
            this is \(command.shell) where it failed; leaving it ends the build\(Self.beside(others))\(hasSecrets ? "; secrets are shown as they are" : "")

            """)
        let environment = ["TERM=\(ProcessEnvironment.variables()["TERM"] ?? "xterm")"]
        _ = try await command.run([command.shell], environment: environment, input: .terminal(terminal)) {
            $0 == .standardOutput ? StandardOutput.write($1) : StandardError.write($1)
        }
    }

    private static func beside(_ others: Int) -> String {
        switch others {
        case 0: ""
        case 1: " and stops another step, which goes on unseen"
        default: " and stops \(others) other steps, which go on unseen"
        }
    }
}
