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
    private let repetition: BuildRepetition?

    /// `showsOutput` is false if the end of the output stands above already.
    init(
        _ failure: StepFailure, in source: BuildSource, showsOutput: Bool, repeating repetition: BuildRepetition? = nil
    ) {
        self.failure = failure
        self.source = source
        self.showsOutput = showsOutput
        self.repetition = repetition
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
        guard let repetition else {
            return "to look at it where it failed, build it from a file with --on-failure=shell"
        }
        let shell = "to look at it where it failed:\n    \(repetition.withShell)"
        return ground(repetition).map { "\(shell)\nor at what it ran on:\n    \($0)" } ?? shell
    }

    /// A command in what the step ran on: the lines before it, built, are that image.
    private func ground(_ repetition: BuildRepetition) -> String? {
        let file = source.dockerfile.source.name
        let line = failure.step.range.firstLine
        let stage = source.dockerfile.stages.last { $0.node.range.firstLine <= line }
        guard let directory = source.directory, FileContents.exists(FilePath(file).absolute()),
            // The triggers of a base stand at the FROM of whoever starts from it.
            let stage, stage.node.range.firstLine < line
        else { return nil }
        let options = ShellWords.quoted(repetition.options + ["-t", "look", directory.string])
        return """
            head -n \(line - 1) \(ShellWords.quoted(file)) | caisson build -f - \(options) \\
                  && caisson run look /bin/sh -c 'ls -la'
            """
    }
}
