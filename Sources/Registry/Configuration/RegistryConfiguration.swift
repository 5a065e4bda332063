package import HTTP

/// How registries are reached. A host that is not named here is spoken to over TLS with the system's authorities;
/// only loopback hosts (`localhost`, `127.…`, `[::1]`) are spoken to in plain HTTP unless they have TLS settings.
package struct RegistryConfiguration: Sendable {
    /// By the name that stands in references: `host[:port]`.
    package var hosts: [String: Host] = [:]
    package var retry = RetryPolicy.standard
    package var timeouts = HTTPTimeouts()

    package struct Host: Sendable {
        /// nil: only for a loopback host.
        package var plainHTTP: Bool?
        /// Without it no credential is sent over plain HTTP to another machine.
        package var sendsCredentialsOverPlainHTTP = false
        package var transport = HTTPTransport()
        /// Asked before the registry itself, in this order, when pulling; a mirror that fails is passed over.
        package var mirrors: [Mirror] = []
        /// Hosts that may be given this registry's credentials in exchange for a token. The registry's own host and
        /// hosts of the same parent domain may without being named.
        package var tokenServers: Set<String> = []

        package init() {}
    }

    /// `host[:port][/prefix]`: the repository `library/app` is `prefix/library/app` there. Connection settings are
    /// those of the mirror's host in `hosts`.
    package struct Mirror: Hashable, Sendable {
        package var location: String

        package init(_ location: String) { self.location = location }
    }

    package init() {}
}

/// Docker's public registry has three names: one in references, one for its API, one in credential files.
enum DockerHub {
    static let name = "docker.io"
    static let apiHost = "registry-1.docker.io"
    static let credentialKey = "https://index.docker.io/v1/"
}
