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

    /// The terminal for the shell; nil if there shall be none. A build that is given by standard input has the terminal
    /// that it was started at.
    func terminal(isGivenInput: Bool = false) throws -> Terminal? {
        guard reaction == .shell else { return nil }
        guard let terminal = try isGivenInput ? Terminal.controlling() : Terminal.standardInput() else {
            throw CommandFailure.usage(
                "--on-failure=shell needs a terminal" + (isGivenInput ? "" : " as standard input"),
                hint: "without one, build with --on-failure=stop, which is the default")
        }
        return terminal
    }
}
