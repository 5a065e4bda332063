/// One step to run: everything that may differ from step to step. Nothing else reaches the runtime, whatever the image
/// says.
package struct SandboxSpec: Sendable {
    /// The program and its arguments; the program is searched in the `PATH` of `environment` unless it has a slash.
    package var arguments: [String]
    /// "NAME=value" in order. Without `HOME` the step gets that of its user in the root's /etc/passwd.
    package var environment: [String]
    /// An absolute directory that exists in the root.
    package var workingDirectory: String
    package var user: User
    package var network: Network
    package var security: Security
    /// One label of a host name.
    package var hostname: String
    /// More lines of the /etc/hosts that the step sees.
    package var extraHosts: [ExtraHost]
    package var limits: Limits
    package var mounts: [Mount]
    /// Shown below `/dev/pipes`; all may read and run them.
    package var files: [File]
    /// The root refuses writes; mounts keep their own mode.
    package var isRootReadOnly: Bool
    /// Set-id programs and file capabilities give nothing: for builds that are not trusted. Otherwise `sudo` works as in
    /// other builders, up to the container's root.
    package var noNewPrivileges: Bool

    package init(
        arguments: [String], environment: [String] = [], workingDirectory: String = "/", user: User = .root,
        network: Network = .default, security: Security = .sandbox, hostname: String = "build",
        extraHosts: [ExtraHost] = [], limits: Limits = Limits(), mounts: [Mount] = [], files: [File] = [],
        isRootReadOnly: Bool = false, noNewPrivileges: Bool = false
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.network = network
        self.security = security
        self.hostname = hostname
        self.extraHosts = extraHosts
        self.limits = limits
        self.mounts = mounts
        self.files = files
        self.isRootReadOnly = isRootReadOnly
        self.noNewPrivileges = noNewPrivileges
    }

    /// Ids as the container sees them.
    package struct User: Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        /// Besides `gid`.
        package var supplementaryGroups: [UInt32]

        package static let root = User(uid: 0, gid: 0)

        package init(uid: UInt32, gid: UInt32, supplementaryGroups: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.supplementaryGroups = supplementaryGroups
        }
    }

    package enum Network: Hashable, Sendable {
        /// Loopback of its own and nothing else.
        case none
        /// Out through slirp4netns: to wherever the host can reach, but not the host's loopback and not link-local
        /// addresses, where metadata services are.
        case `default`
        /// That of the host: its interfaces, its loopback, and its sockets with abstract names. Nothing of it can be
        /// changed, and ports below 1024 are taken only if the host allows that to anybody. /sys is the host's,
        /// read-only. For steps that are trusted like a user of the host.
        case host

        /// The kind of network that is made for the step.
        var own: Network { self == .host ? .none : self }
    }

    package enum Security: Hashable, Sendable {
        /// Eleven capabilities, a filter of system calls, and no sight of what the kernel tells of the host.
        case sandbox
        /// All capabilities *in the user namespace of the step*, no filter of system calls, no part of /proc hidden or
        /// read-only, a writable /sys. A step can mount, change roots, make namespaces and run containers.
        ///
        /// It is not root on the host: ids stay shifted, devices cannot be made or opened, modules not loaded, and the
        /// kernel's settings outside of the step's namespaces not changed. No cgroup file system is mounted. Limits hold. What is gone is the second
        /// wall: a fault of the kernel that the filter would have kept out of reach is in reach.
        case insecure
    }

    package struct ExtraHost: Hashable, Sendable {
        package var name: String
        /// An IPv4 or IPv6 address.
        package var address: String

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }
}
