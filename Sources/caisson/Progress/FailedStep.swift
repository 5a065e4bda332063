import Build
import Dockerfile
import Engine
import Linux
import SystemPackage

/// A step that failed, as its author needs to see it: the place, the end of the output, what to do.
struct FailedStep {
    private let failure: StepFailure
    private let source: BuildSource
    private let showsOutput: Bool
    private let rerun: RerunCommand?
    private let ground: StepGround?

    /// `showsOutput` is false if the end of the output stands above already. `rerun` is nil for a command that cannot
    /// open a shell there, `ground` for one whose options another build of the step's stage would lack.
    init(
        _ failure: StepFailure, in source: BuildSource, showsOutput: Bool, rerun: RerunCommand? = nil,
        ground: StepGround? = nil
    ) {
        self.failure = failure
        self.source = source
        self.showsOutput = showsOutput
        self.rerun = rerun
        self.ground = ground
    }

    /// What failed, where, and how.
    var account: String {
        let diagnostic = Diagnostic.error(failure.message, at: failure.step.range)
        var lines = [diagnostic.render(in: source.dockerfile.source)]
        if showsOutput, !failure.lastOutput.isEmpty {
            lines.append("last output:")
            lines += failure.lastOutput.map { "    \(PrintableText($0).text)" }
        }
        return lines.joined(separator: "\n")
    }

    /// The account, and what to do.
    var text: String {
        guard let hint = failure.hint ?? (failure.exitCode == nil ? nil : wayIn) else { return account }
        return "\(account)\nhint: \(hint)"
    }

    private var wayIn: String {
        let shell = rerun?.hint ?? "for a shell where it failed, build the target with caisson build --on-failure=shell"
        guard let look = ground?.command(for: failure.step, of: source) else { return shell }
        return "\(shell)\nor for a look at what it ran on:\n    \(look)"
    }
}
