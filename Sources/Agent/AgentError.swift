/// Why the agent cannot start or go on.
package struct AgentError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The user's files are wrong; nothing was started.
        case configuration
        /// The host refused something: a folder, a port, a lock.
        case infrastructure
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
