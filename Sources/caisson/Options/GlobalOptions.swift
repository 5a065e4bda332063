import ArgumentParser
import Engine
import Linux
import Storage
import SystemPackage

/// What every command on the store takes.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("root"),
        help: "The store. Default: $CAISSON_ROOT, else /var/lib/caisson as root, else $XDG_DATA_HOME/caisson.")
    var root: String?

    @Flag(name: .customLong("json"), help: "Print one JSON document, or JSON lines for streams.")
    var json = false

    @OptionGroup var color: ColorOptions

    @Option(
        name: .customLong("plain-http"),
        help: ArgumentHelp("A registry (host[:port]) to talk to without TLS. Loopback needs none.", valueName: "host"))
    var plainHTTP: [String] = []

    @Option(
        name: .customLong("quota"),
        help: ArgumentHelp(
            "Bytes on disk the store may take, as 50GiB. Default: $CAISSON_QUOTA, else no limit.", valueName: "size"))
    var quota: Size?

    private func quota(_ environment: [String: String]) throws -> Int64? {
        if let quota { return quota.bytes }
        guard let text = environment["CAISSON_QUOTA"], !text.isEmpty else { return nil }
        guard let size = Size(argument: text) else {
            throw CommandFailure.usage("CAISSON_QUOTA is `\(text)`, not a size: write for instance 50GiB")
        }
        return size.bytes
    }

    var storePath: FilePath {
        let environment = ProcessEnvironment.variables()
        if let root = root ?? environment["CAISSON_ROOT"] { return FilePath(root).absolute() }
        return EngineConfiguration.defaultRoot(environment: environment, isSuperuser: Superuser.isCurrent)
    }

    func configuration(environment: [String: String]) -> EngineConfiguration {
        EngineConfiguration(root: storePath, environment: environment, plainHTTPRegistries: plainHTTP)
    }

    /// The store alone, for commands that neither build nor transfer.
    func openStore() throws -> Store { try Store.open(at: storePath) }

    /// The engine on this store; nothing is contacted yet.
    func engine(limits: EngineLimits = EngineLimits()) throws -> Engine {
        var configuration = configuration(environment: ProcessEnvironment.variables())
        configuration.limits = limits
        configuration.quota = try quota(ProcessEnvironment.variables())
        return try Engine(configuration)
    }
}

extension FilePath {
    /// Relative paths start from the working directory.
    func absolute() -> FilePath { isAbsolute ? self : WorkingDirectory.path.pushing(self).lexicallyNormalized() }
}

enum WorkingPath {
    static func absolute(_ path: String) -> String { FilePath(path).absolute().lexicallyNormalized().string }
}
