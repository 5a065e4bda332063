/// What went wrong with a repository: `code` for decisions, `message` for people. No message ever holds a credential.
package struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The text is not a URL we take: malformed, or its scheme is not allowed.
        case invalidURL
        /// A ref name, object id or path that git itself would refuse.
        case invalidName
        /// No answer: no such host, connection refused or lost, TLS failed.
        case unreachable
        /// The server answers and has no such repository (or hides it from us).
        case repositoryNotFound
        /// Credentials are missing or were refused.
        case unauthorized
        /// The SSH server's key or the TLS certificate is not the expected one.
        case untrustedServer
        /// The server asks for patience (429, 503).
        case rateLimited
        /// The deadline passed.
        case timeout
        /// The server does not speak git's protocol, or broke it.
        case protocolViolation
        /// More refs, objects, bytes or levels than allowed.
        case limitExceeded
        /// The repository exists, and the commit or path does not.
        case notFound
        /// Names or modes that no git would write: `..`, `.git`, duplicates.
        case hostileTree
        /// Our own mirror is damaged; the next fetch makes it anew.
        case corruptMirror
        /// Something the installed libgit2 cannot do.
        case unsupported
        /// The local system failed us: disk, processes, memory.
        case system
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension GitError {
    /// Of a repository whose objects have names that the installed libgit2 does not know.
    static func otherHash(of url: GitURL) -> GitError {
        GitError(.unsupported, "\(url) is a SHA-256 repository, which libgit2 1.5 cannot read")
    }
}
