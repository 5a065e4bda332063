package import Git
package import HTTP
import Linux
package import Registry
package import SystemPackage

/// Where an engine keeps what it has, and how it reaches what it needs.
package struct EngineConfiguration: Sendable {
    /// The store.
    package var root: FilePath
    package var registries: RegistryConfiguration
    package var credentials: any CredentialSource
    package var gitSchemes: Set<GitURL.Scheme>
    package var gitTrust: GitTrust
    /// The program that talks to repositories by other protocols than http.
    package var gitHelper = GitHelper()
    /// The socket of the ssh-agent whose keys open repositories that a build names.
    package var sshAgent: String?
    /// Whether builds may fetch from this machine and its link: not where strangers write Dockerfiles.
    package var allowsLocalAddresses = false
    /// For whatever is fetched by http and https; nothing else uses them.
    package var proxies = HTTPProxies()
    /// For the pauses before a request is sent again.
    package var clock = RetryClock.system
    /// Bytes of a file that a build fetches.
    package var downloadLimit: Int64 = 16 << 30
    package var limits: EngineLimits
    /// Bytes on disk the store may take; nil is unlimited.
    package var quota: Int64?

    package init(
        root: FilePath, registries: RegistryConfiguration = RegistryConfiguration(),
        credentials: any CredentialSource = AnonymousCredentials(),
        gitSchemes: Set<GitURL.Scheme> = GitURL.defaultSchemes,
        gitTrust: GitTrust = GitTrust(), limits: EngineLimits = EngineLimits(), quota: Int64? = nil
    ) {
        self.root = root
        self.registries = registries
        self.credentials = credentials
        self.gitSchemes = gitSchemes
        self.gitTrust = gitTrust
        self.limits = limits
        self.quota = quota
    }

    /// For the command line: credentials where the user's other tools keep them, and registries without TLS by name.
    package init(root: FilePath, environment: [String: String], plainHTTPRegistries: [String] = []) {
        var registries = RegistryConfiguration()
        for name in plainHTTPRegistries {
            var host = RegistryConfiguration.Host()
            host.plainHTTP = true
            registries.hosts[name] = host
        }
        self.init(
            root: root, registries: registries,
            credentials: DockerCredentials(DockerCredentials.Locations(environment: environment)),
            gitSchemes: [.https, .http, .ssh, .git])
        allowsLocalAddresses = true
        proxies = HTTPProxies(environment: environment)
        sshAgent = environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
        let known = environment["HOME"].map { FilePath($0).appending(".ssh/known_hosts") }
        gitTrust.knownHosts = known.flatMap { FileContents.exists($0) ? $0.string : nil }
    }

    /// Root's store is the host's; anybody else has one of their own.
    package static func defaultRoot(environment: [String: String], isSuperuser: Bool) -> FilePath {
        if isSuperuser { return "/var/lib/caisson" }
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return FilePath(data).appending("caisson") }
        return FilePath(environment["HOME"] ?? "/").appending(".local/share/caisson")
    }
}

/// What steps may use. A step that reaches a limit fails and says which.
package struct EngineLimits: Hashable, Sendable {
    /// Bytes of memory of one step; nil is unlimited.
    package var memory: Int64?
    package var cpus: Double?
    package var pids: Int
    package var timeout: Duration?
    /// Bytes of all steps' changes that may be kept in memory before the disk is used.
    package var upperMemory: Int64
    /// Steps at once.
    package var parallelSteps: Int

    package init(
        memory: Int64? = nil, cpus: Double? = nil, pids: Int = 4096, timeout: Duration? = nil,
        upperMemory: Int64 = 1 << 30, parallelSteps: Int = 16
    ) {
        self.memory = memory
        self.cpus = cpus
        self.pids = pids
        self.timeout = timeout
        self.upperMemory = upperMemory
        self.parallelSteps = parallelSteps
    }
}

/// A failure of the engine's own arrangements.
package struct EngineError: Error, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
