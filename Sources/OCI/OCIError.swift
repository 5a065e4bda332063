/// Why an image document, digest or reference was refused.
package struct OCIError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case invalidDigest
        case invalidReference
        case invalidDocument
        /// Docker schema 1, or a media type this engine does not read.
        case unsupportedMediaType
        /// No manifest of an index is for the platform asked for.
        case noMatchingPlatform
        /// The source holds no such image, manifest or blob.
        case notFound
        /// Content does not have the digest or size its descriptor promises.
        case contentMismatch
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
