import ArgumentParser
import Linux

/// What to do when a RUN fails.
struct FailureOptions: ParsableArguments {
    enum Reaction: String, ExpressibleByArgument, CaseIterable {
        case stop
        case shell
    }

    @Option(
        name: .customLong("on-failure"),
        help: "What to do when a RUN fails: stop, or a shell where it failed, which ends the build when it ends.")
    var reaction = Reaction.stop

    /// The terminal for the shell; nil if there shall be none.
    func terminal() throws -> Terminal? {
        guard reaction == .shell else { return nil }
        guard let terminal = try Terminal.standardInput() else {
            throw CommandFailure.usage(
                "--on-failure=shell needs a terminal as standard input",
                hint: "without one, build with --on-failure=stop, which is the default")
        }
        return terminal
    }
}
