/// Why the agent cannot start or go on.
package struct AgentError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The data folder cannot be made, or another agent has it.
        case dataFolder
        /// The address cannot be listened at.
        case address
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
