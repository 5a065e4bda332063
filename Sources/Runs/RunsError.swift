/// What the store of runs, its queue or the logs could not do.
package struct RunsError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The attempt is over for its worker: the lease ran out, the run was cancelled or another attempt has begun.
        case leaseLost
        case invalidTransition
        case unknownRun
        /// The database was written by a newer version, or is damaged.
        case unusableDatabase
        case damagedRecord
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
