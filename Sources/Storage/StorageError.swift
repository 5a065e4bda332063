import Archive
import Linux
import SystemPackage

/// Why the store refused or failed an operation.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A layer that says something no file system can hold, or that would not mean the same everywhere.
        case invalidLayer
        /// The store does not hold what was asked for.
        case notFound
        /// A file of the store is not what its name says.
        case damaged
        /// Content that arrived has another digest or size than was promised.
        case contentMismatch
        /// The host lacks what the operation needs.
        case unsupported
        /// What is to be mounted has no place in the layers.
        case unsuitableMountPoint
        /// A running build needs what was to be removed.
        case inUse
        /// No space or no inodes are left.
        case diskFull
        /// The file system below the store refused.
        case system
        /// The store's quota is used up, and nothing can go.
        case overQuota
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

    /// A failure to write below `directory`: a full disk says how much room there is and, if known, how much more is
    /// needed. Errors of this module pass unchanged.
    static func writing(_ object: String, in directory: FilePath, missing: Int64? = nil, _ error: any Error)
        -> any Error
    {
        if let error = error as? ArchiveError {
            return StorageError(.invalidLayer, "cannot write \(object)", cause: error)
        }
        guard let error = error as? SystemError else { return error }
        guard [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(error.errno) else {
            return StorageError(.system, "cannot write \(object)", cause: error)
        }
        var message = "cannot write \(object): no space left in `\(directory)`"
        if let missing { message += ", \(missing) bytes more are needed" }
        if let room = try? FileSystem(of: directory).available { message += ", \(room) bytes are available" }
        return StorageError(.diskFull, message, cause: error)
    }
}
