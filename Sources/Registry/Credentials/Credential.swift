package import HTTP

/// How a user identifies at a registry.
package enum Credential: Hashable, Sendable {
    case basic(user: String, password: Secret)
    /// Exchanged for access tokens at the registry's token server (OAuth 2 refresh token).
    case identityToken(Secret)
    /// Sent as it is.
    case registryToken(Secret)
}

/// Where credentials come from; asked anew for every token, since helpers hand out short-lived ones.
package protocol CredentialSource: Sendable {
    /// The credential for exactly this registry (`host[:port]`), and for `path` in it where the source distinguishes.
    /// nil: none is stored, which is not an error.
    func credential(for registry: String, path: String) async throws -> Credential?
}

/// No credentials at all.
package struct AnonymousCredentials: CredentialSource {
    package init() {}
    package func credential(for registry: String, path: String) -> Credential? { nil }
}

/// Credentials given by name, as a service's own configuration holds them.
package struct StaticCredentials: CredentialSource {
    private let credentials: [String: Credential]

    /// By `host[:port]`.
    package init(_ credentials: [String: Credential]) { self.credentials = credentials }

    package func credential(for registry: String, path: String) -> Credential? { credentials[registry] }
}
