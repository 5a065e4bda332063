package import HTTP

/// How we prove who we are to one server. Whoever looks credentials up binds them to `GitURL.origin`: they are sent to
/// that scheme, host and port and nowhere else; redirects are not followed.
package enum GitCredentials: Hashable, Sendable, CustomStringConvertible {
    /// HTTP Basic; tokens go here too, with the user name the forge documents.
    case password(user: String, Secret)
    /// The value of HTTP's `Authorization`, as it is. Not for servers of git's first protocol.
    case header(Secret)
    /// A private key file in a format that libssh2 reads (ed25519, ECDSA; RSA is refused by today's servers).
    case privateKey(user: String, path: String, passphrase: Secret?)
    /// The keys of the ssh-agent behind this socket.
    case sshAgent(user: String, socket: String)

    package var description: String {
        switch self {
        case .password(let user, _): "password of \(user)"
        case .header: "Authorization header"
        case .privateKey(let user, let path, _): "key \(path) of \(user)"
        case .sshAgent(let user, _): "ssh-agent keys of \(user)"
        }
    }
}
