package import Linux

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
    package var limits: Limits
    package var mounts: [Mount]
    /// Shown below `/dev/pipes`, readable by all.
    package var files: [File]
    /// The root refuses writes; mounts keep their own mode.
    package var isRootReadOnly: Bool
    /// Set-id programs and file capabilities give nothing: for builds that are not trusted. Otherwise `sudo` works as in
    /// other builders, up to the container's root.
    package var noNewPrivileges: Bool

    package init(
        arguments: [String], environment: [String] = [], workingDirectory: String = "/", user: User = .root,
        network: Network = .default, limits: Limits = Limits(), mounts: [Mount] = [], files: [File] = [],
        isRootReadOnly: Bool = false, noNewPrivileges: Bool = false
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.network = network
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
    }

    package struct Limits: Hashable, Sendable {
        /// Bytes, swap included.
        package var memory: UInt64?
        /// In processors; may be a fraction.
        package var processors: Double?
        /// Processes and threads.
        package var processes: UInt64?
        package var time: Duration?
        /// Hard limit of open files per process; the soft limit is 1024.
        package var openFiles: UInt64

        package init(
            memory: UInt64? = nil, processors: Double? = nil, processes: UInt64? = 4096, time: Duration? = nil,
            openFiles: UInt64 = 524_288
        ) {
            self.memory = memory
            self.processors = processors
            self.processes = processes
            self.time = time
            self.openFiles = openFiles
        }
    }

    /// A file that only the step sees: it lies in a file system in memory that is no part of the root.
    package struct File: Hashable, Sendable {
        /// One component of a path.
        package var name: String
        package var contents: [UInt8]

        package init(name: String, contents: [UInt8]) {
            self.name = name
            self.contents = contents
        }

        /// Where the step finds it.
        package var path: String { "/dev/pipes/\(name)" }
    }

    /// Something more to see in the root. No mount follows links out of the root, none has devices or set-id programs.
    package struct Mount: Sendable {
        package enum Source: Sendable {
            /// A detached mount (`DetachedMount`) of a directory or a file; used up by the step.
            case bind(SharedDescriptor, isReadOnly: Bool)
            /// An empty file system in memory.
            case tmpfs(size: UInt64, mode: UInt16)
        }

        package var source: Source
        /// An absolute path that exists in the root, of the same kind as the source.
        package var target: String

        package init(_ source: Source, at target: String) {
            self.source = source
            self.target = target
        }
    }
}
