/// Why a step could not be run. A program that ran and failed is no error but a `SandboxExit`.
package struct SandboxError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A program this host lacks.
        case missingProgram
        /// The root or a mount target is not fit to run in.
        case unsuitableRoot
        /// The command, its working directory or its interpreter does not exist in the root or cannot be executed.
        case notExecutable
        /// A limit the host does not allow.
        case limit
        /// A host name or address that is none.
        case invalidName
        /// The supervisor ended or does not answer.
        case supervisorLost
        /// The kernel or the runtime refused.
        case system
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Whether the author of the build can mend it: the host is not at fault.
    package var isOfTheBuild: Bool { [.unsuitableRoot, .notExecutable, .limit, .invalidName].contains(code) }

    package var description: String { message }
}
