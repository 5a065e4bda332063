import ArgumentParser
import Build
import Linux

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
            message = error.text
            code = error.code.rawValue
        case let error as BuildError:
            message = Self.message(of: error)
            code = Self.code(of: error).rawValue
        case is CancellationError:
            message = "cancelled"
            code = Code.cancelled.rawValue
        default: (message, code) = Self.parsing(error)
        }
    }

    /// Of ArgumentParser's own errors help and version are successes and the rest wrong calls; any other error is one of
    /// the host, a registry or the store.
    private static func parsing(_ error: any Error) -> (String, Int32) {
        switch Caisson.exitCode(for: error) {
        case .success: (Caisson.fullMessage(for: error), 0)
        case .validationFailure:
            ("error: " + Caisson.fullMessage(for: error).trimmingPrefix("Error: "), Code.usage.rawValue)
        default: ("error: \(error)", Code.infrastructure.rawValue)
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
        case .unreachable, .unavailable, .infrastructure: .infrastructure
        }
    }

    private static func message(of error: BuildError) -> String {
        switch error {
        case .dockerfile, .unavailable: error.description
        case .step, .request, .unreachable, .infrastructure: "error: \(error.description)"
        }
    }
}

/// A failure a command states itself.
struct CommandFailure: Error {
    /// Empty if everything is said.
    let text: String
    let code: Failure.Code

    /// `text` is printed as it is.
    init(text: String, _ code: Failure.Code = .failed) {
        self.text = text
        self.code = code
    }

    init(_ message: String, hint: String? = nil, _ code: Failure.Code = .failed) {
        self.init(text: "error: \(message)" + (hint.map { "\nhint: \($0)" } ?? ""), code)
    }

    static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(message, hint: hint, .usage)
    }

    /// The result that was printed is the explanation.
    static let silent = CommandFailure(text: "")
}
