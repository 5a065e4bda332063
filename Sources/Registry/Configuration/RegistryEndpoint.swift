import HTTP
import OCI

/// A registry or mirror as requests reach it.
struct RegistryEndpoint: Sendable {
    /// `host[:port]` as it was written: for messages, and the key of its credentials.
    let name: String
    let origin: HTTPURL.Origin
    /// Stands before repository paths; empty or with a slash at its end.
    let prefix: String
    let host: RegistryConfiguration.Host
    /// The registry this is a mirror of.
    let mirrored: String?

    init(
        _ name: String, prefix: String = "", mirrored: String? = nil, in configuration: RegistryConfiguration
    ) throws {
        let host = configuration.hosts[name] ?? RegistryConfiguration.Host()
        let hasTLS =
            host.transport.certificateAuthorities != nil || host.transport.clientCertificate != nil
            || host.transport.acceptsAnyCertificate
        let isPlain = host.plainHTTP ?? (Self.isLoopback(name) && !hasTLS)
        let authority = name == DockerHub.name ? DockerHub.apiHost : name
        do {
            origin = try HTTPURL(parsing: "\(isPlain ? "http" : "https")://\(authority)").origin
        } catch { throw RegistryError(.configuration, "registry `\(name)` is not a host name with an optional port") }
        self.name = name
        self.prefix = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        self.host = host
        self.mirrored = mirrored
    }

    /// The endpoints to pull `registry`'s repositories from, in order; the registry itself comes last.
    static func sources(of registry: String, in configuration: RegistryConfiguration) throws -> [RegistryEndpoint] {
        let mirrors = try (configuration.hosts[registry]?.mirrors ?? []).map { mirror in
            let parts = mirror.location.split(separator: "/", maxSplits: 1).map(String.init)
            guard let name = parts.first else {
                throw RegistryError(.configuration, "mirror `\(mirror.location)` of `\(registry)` names no host")
            }
            return try RegistryEndpoint(
                name, prefix: parts.count > 1 ? parts[1] : "", mirrored: registry, in: configuration)
        }
        return try mirrors + [RegistryEndpoint(registry, in: configuration)]
    }

    /// `resource` is what follows the repository, such as `manifests/latest`.
    func url(_ repository: RepositoryName, _ resource: String) -> HTTPURL {
        let url = HTTPURL(origin: origin, path: "/v2/\(prefix)\(repository.path)/\(resource)")
        return mirrored.map { url.adding(query: "ns", $0) } ?? url
    }

    func scope(_ repository: RepositoryName, _ actions: String) -> String {
        "repository:\(prefix)\(repository.path):\(actions)"
    }

    /// Whether credentials may travel to it.
    var maySendCredentials: Bool {
        origin.scheme == .https || Self.isLoopback(name) || host.sendsCredentialsOverPlainHTTP
    }

    static func isLoopback(_ name: String) -> Bool {
        if name.hasPrefix("[") { return name.hasPrefix("[::1]") }
        let host = name.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
