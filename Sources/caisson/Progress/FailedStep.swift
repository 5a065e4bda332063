import Build
import Dockerfile
import Engine
import SystemPackage

/// A step that failed, as its author needs to see it: the place, the end of the output, what to do.
struct FailedStep {
    private let failure: StepFailure
    private let source: BuildSource
    private let showsOutput: Bool

    /// `showsOutput` is false if the end of the output stands above already.
    init(_ failure: StepFailure, in source: BuildSource, showsOutput: Bool) {
        self.failure = failure
        self.source = source
        self.showsOutput = showsOutput
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

    /// A command in what the step ran on: the lines before it, built, are that image.
    private var wayIn: String {
        let shell = "to look at it where it failed, build with --on-failure=shell"
        guard let directory = source.directory else { return shell }
        return """
            \(shell); to look at what it ran on:
                head -n \(failure.step.range.firstLine - 1) \(Self.quoted(source.dockerfile.source.name)) \\
                  | caisson build -f - -t look \(Self.quoted(directory.string)) \\
                  && caisson run look /bin/sh -c 'ls -la'
            """
    }

    /// As a shell reads them.
    static func quoted(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "+")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
