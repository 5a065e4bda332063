import HTTP
import OCI

/// Turns challenges into `Authorization` values and remembers both: one token per registry and set of scopes, until
/// nine tenths of its life are over. Equal requests in flight share one exchange.
actor Authenticator {
    private struct TokenKey: Hashable {
        let origin: HTTPURL.Origin
        let scopes: [String]
    }

    private struct KnownChallenge {
        let challenge: Challenge
        let isLocal: Bool
    }

    private let credentials: any CredentialSource
    private let exchange: TokenExchange
    private let clock: RetryClock
    private var challenges: [HTTPURL.Origin: KnownChallenge] = [:]
    private var tokens: [TokenKey: AccessToken] = [:]
    private var exchanges: [TokenKey: Task<AccessToken?, any Error>] = [:]

    init(credentials: any CredentialSource, http: HTTPClient) {
        self.credentials = credentials
        exchange = TokenExchange(http: http)
        clock = http.clock
    }

    /// What to send with a first attempt: nil until the registry has challenged once.
    func authorization(
        for endpoint: RegistryEndpoint, path: String, scopes: [String]
    ) async throws -> Secret? {
        guard let known = challenges[endpoint.origin] else { return nil }
        return try await answer(known, of: endpoint, path: path, scopes: scopes)
    }

    /// What to send after `response` refused `rejected`; nil if there is nothing better.
    func authorization(
        answering response: HTTPResponse, rejected: Secret?, for endpoint: RegistryEndpoint, path: String,
        scopes: [String]
    ) async throws -> Secret? {
        guard let challenge = Challenge(response.headers.values(of: "WWW-Authenticate")) else { return nil }
        let known = KnownChallenge(challenge: challenge, isLocal: response.isLocal)
        challenges[endpoint.origin] = known
        let key = TokenKey(origin: endpoint.origin, scopes: scopes.sorted())
        if let rejected, let token = tokens[key], token.authorization == rejected { tokens[key] = nil }
        let fresh = try await answer(known, of: endpoint, path: path, scopes: scopes)
        return fresh == rejected ? nil : fresh
    }

    private func answer(
        _ known: KnownChallenge, of endpoint: RegistryEndpoint, path: String, scopes: [String]
    ) async throws -> Secret? {
        switch known.challenge {
        case .basic:
            guard case .basic(let user, let password)? = try await credential(for: endpoint, path: path) else {
                return nil
            }
            return Secret("Basic " + Base64.encode("\(user):\(password.revealed())"))
        case .bearer(let realm, let service, let demanded):
            let key = TokenKey(origin: endpoint.origin, scopes: scopes.sorted())
            if let token = tokens[key], token.expires > clock.now() { return token.authorization }
            let task =
                exchanges[key]
                ?? Task {
                    let credential = try await credential(for: endpoint, path: path)
                    let all = Set(scopes).union(demanded).sorted()
                    return try await exchange.token(
                        TokenRequest(
                            endpoint: endpoint, realm: realm, service: service, scopes: all, credential: credential,
                            isLocal: known.isLocal))
                }
            exchanges[key] = task
            defer { exchanges[key] = nil }
            let token = try await task.value
            tokens[key] = token
            return token?.authorization
        }
    }

    private func credential(for endpoint: RegistryEndpoint, path: String) async throws -> Credential? {
        guard let credential = try await credentials.credential(for: endpoint.name, path: path) else { return nil }
        guard endpoint.maySendCredentials else {
            throw RegistryError(
                .configuration,
                "refusing to send the credential of `\(endpoint.name)` over plain HTTP; "
                    + "allow it in the registry's configuration or use TLS")
        }
        return credential
    }
}

struct AccessToken: Sendable {
    let authorization: Secret
    /// Seconds since 1970 at which a new one is fetched.
    let expires: Int64
}
