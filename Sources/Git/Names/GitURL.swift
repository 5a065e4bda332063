internal import CCrypto
package import HTTP

/// Where a repository is, parsed by us before any library sees the text. Printing it never shows a credential.
///
/// Taken forms: `https://host[:port]/path`, `http://…`, `ssh://[user@]host[:port]/path`, `[user@]host:path` (which
/// ssh reads relative to the user's home), `git://host/path`, `file:///path`.
package struct GitURL: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package enum Scheme: String, Sendable, CaseIterable {
        case https, http, ssh, git, file

        package var defaultPort: UInt16 {
            switch self {
            case .https: 443
            case .http: 80
            case .ssh: 22
            case .git: 9418
            case .file: 0
            }
        }

        package var isHTTP: Bool { self == .https || self == .http }
    }

    /// What is allowed unless the operator configures more: encrypted, authenticated, not this machine's own files.
    package static let defaultSchemes: Set<Scheme> = [.https, .ssh]

    package let scheme: Scheme
    package let user: String?
    /// A password or token written into the URL. Pipeline files may not have one.
    package let password: Secret?
    /// Lower case; an IPv6 address keeps its brackets; empty for `file`.
    package let host: String
    /// Nil where it is the scheme's own.
    package let port: UInt16?
    /// With its leading slash, except in `isHomeRelative` URLs.
    package let path: String
    /// Of the form `user@host:path`.
    package let isHomeRelative: Bool

    init(
        scheme: Scheme, user: String?, password: Secret?, host: String, port: UInt16?, path: String,
        isHomeRelative: Bool = false
    ) {
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port == scheme.defaultPort ? nil : port
        self.path = path
        self.isHomeRelative = isHomeRelative
    }

    /// Scheme, host and port: what credentials are bound to.
    package var origin: String { "\(scheme.rawValue)://\(host):\(port ?? scheme.defaultPort)" }

    package var description: String {
        let isRedacted = password != nil || (scheme.isHTTP && user != nil)
        return text(user: isRedacted ? "***" : user)
    }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }

    /// For the library or client that connects: without any HTTP user or password; those travel as `GitCredentials`.
    var transportText: String { text(user: scheme.isHTTP ? nil : user) }

    /// The credentials that the URL itself brings along.
    package var credentials: GitCredentials? {
        guard let user, let password else { return nil }
        return .password(user: user, password)
    }

    /// A stable name for what is kept about this repository: 64 hexadecimal digits, the same for every spelling that
    /// parses to the same place. Passwords do not count. Mirrors fetched with different credentials must not be
    /// shared: whoever has several for one URL passes a `scope`.
    package func identity(scope: String = "") -> String {
        let key = Array((scope.isEmpty ? "" : scope + "\n").utf8) + Array(transportText.utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_Digest(key, key.count, &digest, nil, EVP_sha256(), nil)
        return ObjectID(bytes: digest)?.hex ?? ""
    }

    private func text(user: String?) -> String {
        let authority = (user.map { $0 + "@" } ?? "") + host
        if isHomeRelative { return "\(authority):\(path)" }
        return "\(scheme.rawValue)://\(authority)\(port.map { ":\($0)" } ?? "")\(path)"
    }
}
