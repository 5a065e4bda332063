import ArgumentParser
import Build
import Dockerfile
import Engine
import Linux
import OCI
import Registry
import Storage

/// What the process says on stderr, and its exit code.
struct Failure {
    enum Code: Int32 {
        case failed = 1
        case usage = 2
        case infrastructure = 3
        case cancelled = 130
    }

    let message: String
    let code: Int32

    init(_ error: any Error) {
        switch error {
        case let error as CommandFailure:
            message = error.message.isEmpty ? "" : "error: \(error.message)"
            code = error.code.rawValue
        case let error as BuildError:
            message = Self.message(of: error)
            code = Self.code(of: error).rawValue
        case is CancellationError:
            message = "cancelled"
            code = Code.cancelled.rawValue
        case is SystemError, is StorageError, is RegistryError, is OCIError, is EngineError:
            message = "error: \(error)"
            code = Code.infrastructure.rawValue
        default:
            // ArgumentParser's own: help and version are successes, everything else is a wrong call.
            let isSuccess = Caisson.exitCode(for: error) == .success
            message = Caisson.fullMessage(for: error)
            code = isSuccess ? 0 : Code.usage.rawValue
        }
    }

    func exit() -> Never {
        if !message.isEmpty {
            if code == 0 { StandardOutput.write(message + "\n") } else { StandardError.write(message + "\n") }
        }
        ProcessExit.exit(code)
    }

    private static func code(of error: BuildError) -> Code {
        switch error {
        case .dockerfile, .step: .failed
        case .request: .usage
        case .infrastructure: .infrastructure
        }
    }

    private static func message(of error: BuildError) -> String {
        switch error {
        case .dockerfile: error.description
        case .step(let failure): message(of: failure)
        case .request(let text), .infrastructure(let text): "error: \(text)"
        }
    }

    private static func message(of failure: StepFailure) -> String {
        var lines = ["error: \(failure.step.title)", "  line \(failure.step.range.firstLine): \(failure.message)"]
        if !failure.lastOutput.isEmpty {
            lines.append("  last output:")
            lines += failure.lastOutput.map { "    \($0)" }
        }
        if let hint = failure.hint { lines.append("hint: \(hint)") }
        return lines.joined(separator: "\n")
    }
}

/// A failure a command states itself.
struct CommandFailure: Error {
    let message: String
    let code: Failure.Code

    init(_ message: String, _ code: Failure.Code = .failed) {
        self.message = message
        self.code = code
    }

    static func usage(_ message: String) -> CommandFailure { CommandFailure(message, .usage) }
}
