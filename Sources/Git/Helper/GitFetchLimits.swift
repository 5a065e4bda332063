/// What one conversation with a server may cost.
package struct GitFetchLimits: Sendable {
    /// The whole conversation, and then the indexing of what came.
    package var deadline: Duration = .seconds(600)
    package var cpuSeconds: UInt64 = 300
    package var addressSpace: UInt64 = 4 << 30
    /// Of one pack, as received and as stored.
    package var packBytes: UInt64 = 4 << 30
    /// In one pack.
    package var objects: UInt64 = 5_000_000
    /// Open files of the helper.
    package var descriptors: UInt64 = 256
    /// Of the tree of a fetched commit.
    package var tree = GitTree.Limits()

    package init() {}
}

/// Whom to believe to be the server.
package struct GitTrust: Hashable, Sendable {
    /// A PEM file of authorities trusted in addition to the system's.
    package var certificateAuthorities: String?
    /// A file in the format of OpenSSH's `known_hosts`. Without one, and for hosts not in it, SSH is refused.
    package var knownHosts: String?

    package init(certificateAuthorities: String? = nil, knownHosts: String? = nil) {
        self.certificateAuthorities = certificateAuthorities
        self.knownHosts = knownHosts
    }
}
