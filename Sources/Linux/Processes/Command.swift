package import SystemPackage

/// A program to run, with all it gets: nothing is inherited, neither environment nor descriptors nor signal handling.
///
/// It runs in a process group of its own and is killed, with its group, when this process ends in any way.
package struct Command: Sendable {
    package enum Input: Sendable {
        case null
        /// Written into a pipe; the program reads an end of file after them.
        case bytes([UInt8])
        case descriptor(SharedDescriptor)
    }

    package enum Output: Sendable {
        case discard
        /// The first `limit` bytes; the rest is read and dropped.
        case capture(limit: Int)
        case descriptor(SharedDescriptor)
        /// This process's own descriptor of the same number.
        case inherit
    }

    /// An absolute path; no `PATH` is searched.
    package var program: FilePath
    /// Without the name of the program.
    package var arguments: [String]
    /// "NAME=value", in this order, and nothing else.
    package var environment: [String]
    /// nil: the directory of this process.
    package var directory: FilePath?
    package var input = Input.null
    package var output = Output.capture(limit: 1 << 20)
    package var error = Output.capture(limit: 1 << 16)
    /// What the program finds open as 3, 4, ….
    package var descriptors: [SharedDescriptor] = []
    /// The program and its group are killed when it has run so long.
    package var deadline: Duration?
    /// Its own session, without a controlling terminal.
    package var newSession = false
    /// Set-id bits of the program mean nothing. The kernel lets a set-id program outlive whoever started it.
    package var noNewPrivileges = false
    package var limits = Limits()

    /// Resource limits that only ever lower those of this process; nil leaves them.
    package struct Limits: Sendable {
        package var fileSize: UInt64?
        package var cpuSeconds: UInt64?
        package var addressSpace: UInt64?

        package init() {}
    }

    /// What `PATH` and locale a helper program needs, the same on every host.
    package static let plainEnvironment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
    ]

    package init(_ program: FilePath, _ arguments: [String] = [], environment: [String] = Command.plainEnvironment) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// What a finished program left. An exit code other than zero is no error.
    package struct Result: Sendable {
        package let status: ExitStatus
        package let output: [UInt8]
        package let error: [UInt8]
        package let timedOut: Bool
        /// Output or error were longer than their limits.
        package let isTruncated: Bool

        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: error, as: UTF8.self) }
    }

    /// Runs the program to its end. Cancelling the task kills it and throws `CancellationError`.
    package func run() async throws -> Result {
        let child = try await start()
        let result = await withTaskCancellationHandler {
            await child.result()
        } onCancel: {
            child.kill()
        }
        try Task.checkCancellation()
        return result
    }
}
