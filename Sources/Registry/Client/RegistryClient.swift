package import HTTP
import OCI

/// A client of OCI registries (distribution-spec 1.1): any registry by name, with its own connections, tokens and
/// mirrors. What is pulled is verified where it is kept, manifests here.
package final class RegistryClient: Sendable {
    let configuration: RegistryConfiguration
    let http: HTTPClient
    let uploads = PendingUploads()
    private let authenticator: Authenticator

    package init(
        _ configuration: RegistryConfiguration = RegistryConfiguration(),
        credentials: any CredentialSource = AnonymousCredentials(), http: HTTPClient = HTTPClient()
    ) {
        self.configuration = configuration
        self.http = http
        authenticator = Authenticator(credentials: credentials, http: http)
    }

    /// One request of the distribution API and all that belongs to it but its meaning.
    struct Call: Sendable {
        /// For messages: "pull", "push", ….
        let operation: String
        let repository: RepositoryName
        let endpoint: RegistryEndpoint
        /// What is done to the repository; nil asks for no right at all.
        var actions: String? = "pull"
        /// A further repository that is read, when mounting.
        var origin: RepositoryName?

        var scopes: [String] {
            (actions.map { [endpoint.scope(repository, $0)] } ?? [])
                + (origin.map { [endpoint.scope($0, "pull")] } ?? [])
        }
    }

    /// Sends `request` with the right connection and credentials, answering a challenge once.
    func send(_ request: HTTPRequest, _ call: Call, stall: Duration? = nil) async throws -> HTTPResponse {
        var request = request
        request.timeouts = configuration.timeouts
        if let stall { request.timeouts.stall = stall }
        guard request.url.origin == call.endpoint.origin else { return try await sendElsewhere(request, call) }
        request.transport = call.endpoint.host.transport
        request.authorization = try await authenticator.authorization(
            for: call.endpoint, path: call.repository.path, scopes: call.scopes)
        let response = try await exchange(request, call)
        guard response.status == 401, response.url.origin == call.endpoint.origin else { return response }
        let fresh = try await authenticator.authorization(
            answering: response, rejected: request.authorization, for: call.endpoint, path: call.repository.path,
            scopes: call.scopes)
        // A stream is not sent twice; its sender may try again, and then has the fresh token from the start.
        guard let fresh, request.body.isReplayable else { return response }
        request.authorization = fresh
        return try await exchange(request, call)
    }

    /// To a host that the registry named, as for uploads: without credentials.
    private func sendElsewhere(_ request: HTTPRequest, _ call: Call) async throws -> HTTPResponse {
        var request = request
        guard request.url.scheme == .https || call.endpoint.origin.scheme == .http else {
            throw RegistryError(
                .invalidResponse,
                "registry `\(call.endpoint.name)` sends uploads to a place without TLS: `\(request.url.origin)`")
        }
        request.authorization = nil
        request.transport = call.endpoint.host.transport
        if request.url.host != call.endpoint.origin.host {
            request.transport.clientCertificate = nil
            request.transport.acceptsAnyCertificate = false
            request.refusesLocalAddresses =
                request.transport.proxy == nil && !RegistryEndpoint.isLoopback(call.endpoint.name)
        }
        return try await exchange(request, call)
    }

    private func exchange(_ request: HTTPRequest, _ call: Call) async throws -> HTTPResponse {
        do { return try await http.send(request) } catch let error as HTTPError {
            throw RegistryError(error, call)
        }
    }

    /// The endpoint that `repository` is written to.
    func home(of repository: RepositoryName) throws -> RegistryEndpoint {
        try RegistryEndpoint(repository.registry, in: configuration)
    }

    /// Runs `body` with each mirror of `repository` and, if none succeeds, with the registry itself.
    func withSources<Result>(
        of repository: RepositoryName, _ body: (RegistryEndpoint) async throws -> Result
    ) async throws -> Result {
        let endpoints = try RegistryEndpoint.sources(of: repository.registry, in: configuration)
        for mirror in endpoints.dropLast() {
            do { return try await body(mirror) } catch is OCIError {} catch is RegistryError {}
            try Task.checkCancellation()
        }
        return try await body(endpoints[endpoints.count - 1])
    }
}
