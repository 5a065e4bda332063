import Foundation
import Linux
import Logging
import Pipeline
import Runs
import SystemPackage

/// What the executable does, in one call.
package enum AgentProgram {
    /// Reads the files and serves; with `isCheckOnly` only says on standard output what it read.
    package static func serve(config: String, isCheckOnly: Bool) async throws {
        let settings = try AgentSettings.load(
            FilePath(config), environment: ProcessInfo.processInfo.environment)
        guard !isCheckOnly else {
            try FileHandle.standardOutput.write(contentsOf: Data("\(settings.summary)\n".utf8))
            return
        }
        let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1
        let logger = Logger(label: "caisson-agent") { _ in
            StandardErrorLog(settings.configuration.log, isTerminal: isTerminal)
        }
        try await Agent.serve(settings, logger: logger)
    }
}

/// What the process says at its end, and its exit code.
package struct AgentEnding: Sendable {
    package let message: String
    package let code: Int32

    /// What the argument parser has to say: `--help` is a success, a wrong call is not.
    package enum Usage: Sendable {
        case success(String)
        case mistake(String)
    }

    /// `usage` is nil for errors that are not the argument parser's.
    package init(_ error: any Error, usage: Usage?) {
        switch (usage, error) {
        case (.success(let text)?, _): (message, code) = (text, 0)
        case (.mistake(let text)?, _): (message, code) = (text, 2)
        case (nil, let error as ConfigError): (message, code) = (error.description, 2)
        case (nil, is CancellationError): (message, code) = ("cancelled", 130)
        case (nil, let error): (message, code) = ("error: \(error)", 3)
        }
    }

    package func exit() -> Never {
        let stream = code == 0 ? FileHandle.standardOutput : FileHandle.standardError
        if !message.isEmpty { try? stream.write(contentsOf: Data((message + "\n").utf8)) }
        Foundation.exit(code)
    }
}
