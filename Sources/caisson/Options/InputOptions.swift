import ArgumentParser
import Linux
import Sandbox

/// What a program reads.
struct InputOptions: ParsableArguments {
    @Flag(name: [.customShort("i"), .customLong("interactive")], help: "Hand standard input to the program.")
    var isInteractive = false
    @Flag(name: [.customShort("t"), .customLong("tty")], help: "Give the program a terminal, joined to this one.")
    var wantsTerminal = false

    var input: SandboxInput {
        get throws {
            if wantsTerminal {
                guard let terminal = try Terminal.standardInput() else {
                    throw CommandFailure.usage(
                        "--tty needs a terminal as standard input", hint: "hand a pipe or a file on with -i alone")
                }
                return .terminal(terminal)
            }
            return isInteractive ? .stream(try .standardInput()) : .none
        }
    }
}

extension SandboxInput {
    /// A terminal if standard input is one, else what it gives.
    static func standardInput() throws -> SandboxInput {
        if let terminal = try Terminal.standardInput() { return .terminal(terminal) }
        return .stream(try .standardInput())
    }

    /// What programs learn of the terminal by their environment.
    var environment: [String] {
        guard case .terminal = self else { return [] }
        return ["TERM=\(ProcessEnvironment.variables()["TERM"] ?? "xterm")"]
    }
}
