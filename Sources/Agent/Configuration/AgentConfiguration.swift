package import HTTP
package import Pipeline
package import SystemPackage

/// `agent.conf`. The initialisers' defaults are those of the file; the reference `agent.conf` is tested against them.
package struct AgentConfiguration: Hashable, Sendable {
    package var agent = AgentSection()
    package var http = HTTPSection()
    package var queue = QueueSection()
    package var limits = LimitsSection()
    package var git = GitSection()
    package var registries: [RegistrySection] = []
    package var sandbox = SandboxSection()
    package var log = LogSection()

    package init() {}

    package struct AgentSection: Hashable, Sendable {
        package var name = "caisson"
        /// Store, database, logs and lock. From the folder of agent.conf if relative.
        package var data = FilePath("/var/lib/caisson")
        /// Folders of pipeline files. From the folder of agent.conf if relative.
        package var pipelines = [FilePath("pipelines")]
    }

    package struct HTTPSection: Hashable, Sendable {
        package var listen = ListenAddress(host: "127.0.0.1", port: 8080)
        /// Below `data` if relative; nil: none.
        package var socket: FilePath? = FilePath("agent.sock")
    }

    package struct QueueSection: Hashable, Sendable {
        /// Runs at once.
        package var slots = 2
        package var lease = Duration.seconds(60)
        package var renew = Duration.seconds(15)
        /// How long runs may go on after SIGTERM.
        package var stopTimeout = Duration.seconds(20 * 60)
        package var retryAttempts = 3
        package var retryBackoff = Duration.seconds(10)...Duration.seconds(300)
    }

    package struct LimitsSection: Hashable, Sendable {
        package var time = Duration.seconds(30 * 60)
        package var memory = ByteCount(bytes: 4 << 30)
        package var cpus = 2.0
        package var processes = 4096
        /// Output kept of one run.
        package var log = ByteCount(bytes: 32 << 20)
        /// On disk, of the whole data folder; what builds used longest ago makes room. nil is unlimited.
        package var store: ByteCount?

        /// What a pipeline asks for, and these where it does not say.
        package func applied(to limits: Limits) -> Limits {
            Limits(
                time: limits.time ?? time, memory: limits.memory ?? memory, cpus: limits.cpus ?? cpus,
                processes: limits.processes ?? processes)
        }
    }

    package struct GitSection: Hashable, Sendable {
        package var interval = Duration.seconds(60)
        /// The longest pause after failures.
        package var maximumInterval = Duration.seconds(15 * 60)
        /// Part of the interval by which polls are spread.
        package var jitter = 0.15
        package var timeout = Duration.seconds(20)
        /// Polls at once.
        package var connections = 16
        package var schemes: [RepositoryURL.Scheme] = [.https, .ssh]
    }

    package struct RegistrySection: Hashable, Sendable {
        /// With the port, if it is not the scheme's own.
        package var host: String
        package var credentials: RegistryCredentials?
        /// Without TLS; nil: loopback hosts only.
        package var plainHTTP: Bool?

        package init(host: String, credentials: RegistryCredentials? = nil, plainHTTP: Bool? = nil) {
            self.host = host
            self.credentials = credentials
            self.plainHTTP = plainHTTP
        }
    }

    package struct RegistryCredentials: Hashable, Sendable {
        package var user: String
        package var password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    package struct SandboxSection: Hashable, Sendable {
        /// What build steps and checks may reach; `none` forbids it to every pipeline.
        package var network = NetworkMode.default
    }

    package struct LogSection: Hashable, Sendable {
        package enum Level: String, CaseIterable, Sendable {
            case error, warning, info, debug
        }

        package enum Format: String, CaseIterable, Sendable {
            /// `text` on a terminal, else `json`.
            case auto
            case text, json
        }

        package var level = Level.info
        package var format = Format.auto
    }
}

/// Where the HTTP API is reached by TCP.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
