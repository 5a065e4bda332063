/// Why the store refused or failed an operation.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A layer that says something no file system can hold, or that would not mean the same everywhere.
        case invalidLayer
        /// The store does not hold what was asked for.
        case notFound
        /// A file of the store is not what its name says.
        case damaged
        /// The host lacks what the operation needs.
        case unsupported
        /// The file system below the store refused.
        case system
        /// A limit of this engine is reached.
        case limit
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.map { "\(message): \($0)" } ?? message }
}
