import HTTP
import OCI

/// What is asked of a registry's token server.
struct TokenRequest: Sendable {
    let endpoint: RegistryEndpoint
    let realm: String
    let service: String?
    let scopes: [String]
    let credential: Credential?
    /// The registry that named the realm is on this machine.
    let isLocal: Bool
}

/// Fetches access tokens: `GET realm` with basic authentication, or the OAuth 2 form by `POST` (distribution's token
/// and OAuth 2 specifications).
struct TokenExchange: Sendable {
    private static let largestAnswer = 1 << 20
    private static let clientID = "caisson"

    let http: HTTPClient

    /// nil if the server gives no token, neither for the credential nor, without one, anonymously.
    func token(_ request: TokenRequest) async throws -> AccessToken? {
        if case .registryToken(let token)? = request.credential { return accessToken(token.revealed(), life: 60) }
        let realm = try trustedRealm(of: request)
        switch request.credential {
        case .identityToken(let token)?:
            return try await post(
                request, to: realm, ["grant_type": "refresh_token", "refresh_token": token.revealed()])
        case .basic(let user, let password)?:
            let basic = Secret("Basic " + Base64.encode("\(user):\(password.revealed())"))
            let response = try await get(request, from: realm, authorization: basic)
            if ![401, 404, 405].contains(response.status) { return try await token(in: response, of: request) }
            return try await post(
                request, to: realm, ["grant_type": "password", "username": user, "password": password.revealed()])
        case .registryToken, nil:
            return try await token(in: try await get(request, from: realm, authorization: nil), of: request)
        }
    }

    /// The realm as a URL, if it may be asked with this request's credential.
    private func trustedRealm(of request: TokenRequest) throws -> HTTPURL {
        let endpoint = request.endpoint
        let realm: HTTPURL
        do { realm = try HTTPURL(parsing: request.realm) } catch {
            throw RegistryError(
                .invalidResponse, "registry `\(endpoint.name)` names an unusable token server: \(error)")
        }
        guard realm.scheme == .https || endpoint.origin.scheme == .http else {
            throw RegistryError(
                .invalidResponse, "registry `\(endpoint.name)` names a token server without TLS: `\(realm.origin)`")
        }
        if request.credential != nil, !Self.isTrusted(realm.origin, by: endpoint) {
            throw RegistryError(
                .configuration,
                "registry `\(endpoint.name)` wants its credential sent to another site, `\(realm.origin)`; "
                    + "if that is right, name it as a token server of the registry in the configuration")
        }
        return realm
    }

    /// The registry's own host, a host below the same parent domain, or one named in the configuration.
    static func isTrusted(_ realm: HTTPURL.Origin, by endpoint: RegistryEndpoint) -> Bool {
        if realm.host == endpoint.origin.host || endpoint.host.tokenServers.contains(realm.host)
            || endpoint.host.tokenServers.contains(realm.authority)
        {
            return true
        }
        let labels = endpoint.origin.host.split(separator: ".")
        guard labels.count >= 3, !labels.allSatisfy({ UInt8($0) != nil }), !endpoint.origin.host.hasPrefix("[") else {
            return false
        }
        let parent = labels.dropFirst().joined(separator: ".")
        return realm.host == parent || realm.host.hasSuffix("." + parent)
    }

    private func get(_ request: TokenRequest, from realm: HTTPURL, authorization: Secret?) async throws -> HTTPResponse
    {
        var url = realm
        if let service = request.service { url = url.adding(query: "service", service) }
        for scope in request.scopes { url = url.adding(query: "scope", scope) }
        return try await http.send(prepared(HTTPRequest(.get, url, authorization: authorization), for: request))
    }

    private func post(_ request: TokenRequest, to realm: HTTPURL, _ form: [String: String]) async throws -> AccessToken?
    {
        var form = form
        form["client_id"] = Self.clientID
        form["scope"] = request.scopes.joined(separator: " ")
        form["service"] = request.service
        let body = form.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(HTTPURL.percentEncode($0.value))" }.joined(separator: "&")
        var post = HTTPRequest(
            .post, realm, headers: ["Content-Type": "application/x-www-form-urlencoded"], body: .bytes(Array(body.utf8))
        )
        // The body is a credential: it goes where it was addressed, nowhere else.
        post.redirects = .keep
        return try await token(in: try await http.send(prepared(post, for: request)), of: request)
    }

    private func prepared(_ call: HTTPRequest, for request: TokenRequest) -> HTTPRequest {
        var call = call
        call.transport = request.endpoint.host.transport
        if call.url.host != request.endpoint.origin.host {
            call.transport.clientCertificate = nil
            call.transport.acceptsAnyCertificate = false
        }
        call.refusesLocalAddresses = !request.isLocal
        call.timeouts.total = .seconds(60)
        call.retry = .standard
        return call
    }

    private func token(in response: HTTPResponse, of request: TokenRequest) async throws -> AccessToken? {
        let body = try await response.body.collect(upTo: Self.largestAnswer)
        guard response.isSuccess else {
            if [400, 401, 403].contains(response.status) {
                if request.credential == nil { return nil }
                throw RegistryError(
                    .unauthorized,
                    "the token server `\(response.url.origin)` of registry `\(request.endpoint.name)` does not accept "
                        + "the credential (status \(response.status)); "
                        + "log in again with `caisson login \(request.endpoint.name)`"
                )
            }
            throw RegistryError(
                .unavailable,
                "the token server `\(response.url.origin)` of registry `\(request.endpoint.name)` answers with status "
                    + "\(response.status)")
        }
        let answer = try? JSON(parsing: body)
        guard let token = answer?["token"]?.stringValue ?? answer?["access_token"]?.stringValue, !token.isEmpty else {
            throw RegistryError(
                .invalidResponse,
                "the token server `\(response.url.origin)` of registry `\(request.endpoint.name)` gives no token")
        }
        return accessToken(token, life: answer?["expires_in"]?.integerValue ?? 60)
    }

    private func accessToken(_ token: String, life: Int64) -> AccessToken {
        let life = min(max(life, 0), 86_400)
        return AccessToken(authorization: Secret("Bearer " + token), expires: http.clock.now() + life * 9 / 10)
    }
}
