/// Why an archive or a compressed stream was refused.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The stream ends before the archive does.
        case truncated
        /// Bytes that are no archive, or a checksum that does not match.
        case corrupt
        /// A name, link or device that no layer may hold.
        case unsafe
        /// A form of archive that readers do not agree about, or that this engine does not read.
        case unsupported
        /// The archive claims more than is allowed.
        case limit
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
