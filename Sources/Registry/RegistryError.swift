/// Why a registry did not do what it was asked. An unknown image or blob is `OCIError(.notFound)`.
package struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Settings or credential files that cannot be used.
        case configuration
        /// The registry wants credentials, or others than it got.
        case unauthorized
        /// The credentials do not allow this.
        case denied
        case rateLimited
        /// No connection, or an answer in the five hundreds, after all retries.
        case unavailable
        /// An answer that is not the distribution API's.
        case invalidResponse
        /// A manifest names a blob that the registry does not have.
        case blobUnknown
        /// Any other refusal.
        case refused
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
