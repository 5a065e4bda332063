import Build
import Dockerfile
import SystemPackage

/// A step that failed, as its author needs to see it: the place, the end of the output, what to do.
struct FailedStep {
    private let failure: StepFailure
    private let source: LocalSource
    private let showsOutput: Bool

    /// `showsOutput` is false if the end of the output stands above already.
    init(_ failure: StepFailure, in source: LocalSource, showsOutput: Bool) {
        self.failure = failure
        self.source = source
        self.showsOutput = showsOutput
    }

    var text: String {
        let diagnostic = Diagnostic.error(failure.message, at: failure.step.range)
        var lines = [diagnostic.render(in: source.dockerfile.source)]
        if showsOutput, !failure.lastOutput.isEmpty {
            lines.append("last output:")
            lines += failure.lastOutput.map { "    \($0)" }
        }
        if let hint = failure.hint ?? (failure.exitCode == nil ? nil : wayIn) { lines.append("hint: \(hint)") }
        return lines.joined(separator: "\n")
    }

    /// A command in what the step ran on: the lines before it, built, are that image.
    private var wayIn: String {
        """
        to look at what it ran on:
            head -n \(failure.step.range.firstLine - 1) \(Self.quoted(source.dockerfile.source.name)) \\
              | caisson build -f - -t look \(Self.quoted(source.directory.string)) \\
              && caisson run look /bin/sh -c 'ls -la'
        """
    }

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
