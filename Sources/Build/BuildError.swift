package import Dockerfile

/// Why a build did not produce its targets.
package enum BuildError: Error, Sendable, CustomStringConvertible {
    /// The Dockerfile is wrong or asks for what this engine does not do. Nothing was run.
    case dockerfile([Diagnostic], in: SourceText)
    /// A step failed: the user's command, or a copy whose source is missing.
    case step(StepFailure)
    /// The request itself is wrong: an unknown target, a context that is no directory.
    case request(String)
    /// What a step takes from elsewhere cannot be had: the network or a server failed.
    case unreachable(StepFailure)
    /// What the Dockerfile names there cannot be had: it is unknown, or the network or a server failed. Nothing was run.
    case unavailable(Diagnostic, in: SourceText)
    /// Something outside the build failed: registry, disk, host feature.
    case infrastructure(String)

    package var description: String {
        switch self {
        case .dockerfile(let diagnostics, let source):
            diagnostics.filter { $0.severity == .error }.map { $0.render(in: source) }.joined(separator: "\n")
        case .unavailable(let diagnostic, let source): diagnostic.render(in: source)
        case .step(let failure), .unreachable(let failure): failure.description
        case .request(let message), .infrastructure(let message): message
        }
    }
}

extension BuildError {
    /// Why the step failed, without its place; nil for other errors.
    var stepMessage: String? {
        switch self {
        case .step(let failure), .unreachable(let failure): failure.message
        case .dockerfile, .request, .unavailable, .infrastructure: nil
        }
    }
}

/// A step that failed, with what its author needs to mend it.
package struct StepFailure: Error, Sendable, CustomStringConvertible {
    package let step: Step
    package let message: String
    package var hint: String?
    /// The exit code of a command; nil if the step failed otherwise.
    package var exitCode: Int32?
    /// The last lines the command wrote.
    package var lastOutput: [String]

    package init(step: Step, message: String, hint: String? = nil, exitCode: Int32? = nil, lastOutput: [String] = []) {
        self.step = step
        self.message = message
        self.hint = hint
        self.exitCode = exitCode
        self.lastOutput = lastOutput
    }

    package var description: String {
        let stage = Int(step.stage) == nil ? "`\(step.stage)`" : step.stage
        return "line \(step.range.firstLine), in stage \(stage): \(message)"
    }
}
