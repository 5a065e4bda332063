import Foundation
import HTTP
package import Pipeline
package import SystemPackage

extension AgentConfiguration {
    /// What a configuration may take from outside its file.
    package struct Surroundings: Sendable {
        /// Of the file: where relative paths start.
        package var folder: FilePath
        package var environment: [String: String]

        package init(folder: FilePath, environment: [String: String] = [:]) {
            self.folder = folder
            self.environment = environment
        }
    }

    /// Reads a configuration; `CAISSON__SECTION__KEY` of the environment stands above the file. Throws every mistake.
    package init(parsing source: ConfigSource, in surroundings: Surroundings) throws(ConfigError) {
        var document = try TOMLDocument.parse(source)
        document = EnvironmentOverrides(surroundings.environment).applied(to: document)
        var parser = AgentConfigurationParser(ConfigReader(source), surroundings)
        self = parser.configuration(document)
        guard !parser.reader.hasErrors else { throw ConfigError(parser.reader.diagnostics) }
    }
}

/// `CAISSON__GIT__INTERVAL=30s` for `interval` of `[git]`.
private struct EnvironmentOverrides {
    private var values: [(section: String, key: String, text: String)] = []

    init(_ environment: [String: String]) {
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) {
            let parts = name.lowercased().components(separatedBy: "__")
            guard parts.count == 3, parts[0] == "caisson" else { continue }
            values.append((parts[1], parts[2], text))
        }
    }

    func applied(to document: ConfigValue) -> ConfigValue {
        guard case .table(var entries) = document.content else { return document }
        for (section, key, text) in values {
            let value =
                TOMLDocument.value(text).map { ConfigValue($0.content, text: $0.text, at: .environment) }
                ?? ConfigValue(.string, text: text, at: .environment)
            let entry = ConfigEntry(name: key, at: .environment, value: value)
            if let index = entries.firstIndex(where: { $0.name == section }) {
                guard case .table(let keys) = entries[index].value.content else { continue }
                let table = ConfigValue(.table(keys.filter { $0.name != key } + [entry]), at: entries[index].value.span)
                entries[index] = ConfigEntry(name: section, at: entries[index].nameSpan, value: table)
            } else {
                entries.append(
                    ConfigEntry(name: section, at: .environment, value: ConfigValue(.table([entry]), at: .environment)))
            }
        }
        return ConfigValue(.table(entries), at: document.span)
    }
}

private struct AgentConfigurationParser {
    var reader: ConfigReader
    private let surroundings: AgentConfiguration.Surroundings

    init(_ reader: ConfigReader, _ surroundings: AgentConfiguration.Surroundings) {
        self.reader = reader
        self.surroundings = surroundings
    }

    mutating func configuration(_ document: ConfigValue) -> AgentConfiguration {
        var result = AgentConfiguration()
        let keys = ["schema", "agent", "http", "queue", "limits", "git", "registry", "sandbox", "log"]
        guard let top = reader.section(document, "the configuration", keys: keys) else { return result }
        if let schema = top["schema"], reader.integer(schema, "`schema`", in: 1...1) == nil { return result }
        readAgent(top, &result.agent)
        readHTTP(top, &result.http)
        readQueue(top, &result.queue)
        readLimits(top, &result.limits)
        readGit(top, &result.git)
        if let value = top["registry"] { result.registries = readRegistries(value) }
        if let sandbox = section("sandbox", of: top, keys: ["network"]) {
            set(&result.sandbox.network, sandbox["network"].flatMap { reader.choice($0, sandbox.name("network")) })
        }
        if let log = section("log", of: top, keys: ["level", "format"]) {
            set(&result.log.level, log["level"].flatMap { reader.choice($0, log.name("level")) })
            set(&result.log.format, log["format"].flatMap { reader.choice($0, log.name("format")) })
        }
        return result
    }

    private mutating func section(_ name: String, of top: ConfigSection, keys: [String]) -> ConfigSection? {
        top[name].flatMap { reader.section($0, "[\(name)]", keys: keys) }
    }

    /// Keeps the default when the file does not say, or says something wrong.
    private func set<Value>(_ target: inout Value, _ value: Value?) {
        if let value { target = value }
    }

    private mutating func readAgent(_ top: ConfigSection, _ agent: inout AgentConfiguration.AgentSection) {
        let given = section("agent", of: top, keys: ["name", "data", "pipelines"])
        if let name = given?["name"].flatMap({ reader.string($0, "`name` of [agent]") }) { agent.name = name }
        if let data = given?["data"].flatMap({ readPath($0, "`data` of [agent]") }) { agent.data = data }
        if let folders = given?["pipelines"].flatMap({ reader.strings($0, "`pipelines` of [agent]") }) {
            agent.pipelines = folders.map { FilePath($0.value) }
        }
        agent.data = surroundings.folder.pushing(agent.data)
        agent.pipelines = agent.pipelines.map { surroundings.folder.pushing($0) }
    }

    private mutating func readHTTP(_ top: ConfigSection, _ http: inout AgentConfiguration.HTTPSection) {
        guard let section = section("http", of: top, keys: ["listen", "socket"]) else { return }
        if let value = section["listen"], let text = reader.string(value, section.name("listen")) {
            if let address = ListenAddress(text) {
                http.listen = address
            } else {
                reader.report(
                    "\(section.name("listen")) is `\(text)`, not an address", at: value.span,
                    hint: "write 127.0.0.1:8080 or [::1]:8080")
            }
        }
        if let text = section["socket"].flatMap({ reader.string($0, section.name("socket")) }) {
            http.socket = text.isEmpty ? nil : FilePath(text)
        }
    }

    private mutating func readQueue(_ top: ConfigSection, _ queue: inout AgentConfiguration.QueueSection) {
        let keys = ["slots", "lease", "renew", "stop_timeout", "retry"]
        guard let section = section("queue", of: top, keys: keys) else { return }
        set(&queue.slots, section["slots"].flatMap { reader.integer($0, section.name("slots"), in: 1...256) })
        set(&queue.lease, section["lease"].flatMap { reader.duration($0, section.name("lease")) })
        set(&queue.renew, section["renew"].flatMap { reader.duration($0, section.name("renew")) })
        set(&queue.stopTimeout, section["stop_timeout"].flatMap { reader.duration($0, section.name("stop_timeout")) })
        if queue.renew * 2 > queue.lease {
            reader.report(
                "a lease of \(queue.lease.configured) must be renewed at least twice in its time, not every \(queue.renew.configured)",
                at: (section["renew"] ?? section["lease"])?.span ?? section.span)
        }
        guard
            let retry = section["retry"].flatMap({
                reader.section($0, section.name("retry"), keys: ["infra", "backoff"])
            })
        else { return }
        set(&queue.retryAttempts, retry["infra"].flatMap { reader.integer($0, retry.name("infra"), in: 1...100) })
        set(&queue.retryBackoff, retry["backoff"].flatMap { readRange($0, retry.name("backoff")) })
    }

    /// `10s..5m`
    private mutating func readRange(_ value: ConfigValue, _ what: String) -> ClosedRange<Duration>? {
        guard let text = reader.string(value, what) else { return nil }
        let ends = text.components(separatedBy: "..").map { Duration(configured: $0) }
        guard ends.count == 2, let low = ends[0], let high = ends[1], low <= high else {
            reader.report("\(what) is `\(text)`, not a range of durations", at: value.span, hint: "write 10s..5m")
            return nil
        }
        return low...high
    }

    private mutating func readLimits(_ top: ConfigSection, _ limits: inout AgentConfiguration.LimitsSection) {
        guard let section = section("limits", of: top, keys: ["time", "memory", "cpus", "pids", "log", "store"]) else {
            return
        }
        set(&limits.time, section["time"].flatMap { reader.duration($0, section.name("time")) })
        set(&limits.memory, section["memory"].flatMap { reader.byteCount($0, section.name("memory")) })
        set(&limits.cpus, section["cpus"].flatMap { reader.number($0, section.name("cpus"), in: 0.1...1024) })
        set(&limits.processes, section["pids"].flatMap { reader.integer($0, section.name("pids"), in: 1...4_194_304) })
        set(&limits.log, section["log"].flatMap { reader.byteCount($0, section.name("log")) })
        if let value = section["store"], reader.string(value, section.name("store")) != "unlimited" {
            limits.store = reader.byteCount(value, section.name("store"))
        }
    }

    private mutating func readGit(_ top: ConfigSection, _ git: inout AgentConfiguration.GitSection) {
        let keys = ["interval", "max_interval", "jitter", "timeout", "connections", "schemes"]
        guard let section = section("git", of: top, keys: keys) else { return }
        set(&git.interval, section["interval"].flatMap { reader.duration($0, section.name("interval")) })
        set(&git.maximumInterval, section["max_interval"].flatMap { reader.duration($0, section.name("max_interval")) })
        set(&git.jitter, section["jitter"].flatMap { reader.number($0, section.name("jitter"), in: 0...1) })
        set(&git.timeout, section["timeout"].flatMap { reader.duration($0, section.name("timeout")) })
        set(
            &git.connections,
            section["connections"].flatMap { reader.integer($0, section.name("connections"), in: 1...1024) })
        if let values = section["schemes"].flatMap({ reader.list($0, section.name("schemes")) }) {
            git.schemes = values.compactMap { reader.choice($0, section.name("schemes")) }
        }
        if git.maximumInterval < git.interval {
            reader.report(
                "`max_interval` of [git] is below `interval`",
                at: (section["max_interval"] ?? section["interval"])?.span ?? section.span)
        }
    }

    private mutating func readRegistries(_ value: ConfigValue) -> [AgentConfiguration.RegistrySection] {
        guard let tables = reader.list(value, "[[registry]]") else { return [] }
        var hosts: Set<String> = []
        return tables.compactMap { table in
            guard let section = reader.section(table, "[[registry]]", keys: ["host", "auth", "plain_http"]),
                let value = section.required("host", &reader), let host = reader.string(value, section.name("host"))
            else { return nil }
            if !hosts.insert(host).inserted {
                reader.report("registry `\(host)` is given more than once", at: value.span)
            }
            let isHost = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/@".utf8.contains($0) }
            if host.isEmpty || !isHost {
                reader.report(
                    "`\(host)` is not a registry host", at: value.span,
                    hint: "write registry.example.org or 127.0.0.1:5000")
            }
            return AgentConfiguration.RegistrySection(
                host: host,
                credentials: section["auth"].flatMap { readCredentials($0, "`auth` of registry `\(host)`") },
                plainHTTP: section["plain_http"].flatMap { reader.boolean($0, section.name("plain_http")) })
        }
    }

    private mutating func readCredentials(
        _ value: ConfigValue, _ what: String
    ) -> AgentConfiguration.RegistryCredentials? {
        guard let section = reader.section(value, what, keys: ["user", "password"]) else { return nil }
        let user = section.required("user", &reader).flatMap { reader.string($0, section.name("user")) }
        let password = section.required("password", &reader).flatMap { readSecret($0, section.name("password")) }
        guard let user, let password else { return nil }
        return AgentConfiguration.RegistryCredentials(user: user, password: password)
    }

    /// `{ file = "…" }` or `{ env = "…" }`; never the secret itself.
    private mutating func readSecret(_ value: ConfigValue, _ what: String) -> Secret? {
        guard case .table = value.content else {
            reader.report(
                "\(what) must not stand here", at: value.span,
                hint: "write { file = \"…\" } or { env = \"…\" }")
            return nil
        }
        guard let section = reader.section(value, what, keys: ["file", "env"]) else { return nil }
        switch (section["file"], section["env"]) {
        case (let file?, nil):
            guard let path = readPath(file, section.name("file")) else { return nil }
            do {
                let text = try String(contentsOfFile: surroundings.folder.pushing(path).string, encoding: .utf8)
                return Secret(text.trimmingCharacters(in: .newlines))
            } catch {
                reader.report("cannot read the secret in `\(path)`", at: file.span)
                return nil
            }
        case (nil, let variable?):
            guard let name = reader.string(variable, section.name("env")) else { return nil }
            if let text = surroundings.environment[name] { return Secret(text) }
            reader.report("environment variable `\(name)` is not set", at: variable.span)
            return nil
        default:
            reader.report("\(what) must name either a `file` or an `env`", at: value.span)
            return nil
        }
    }

    private mutating func readPath(_ value: ConfigValue, _ what: String) -> FilePath? {
        guard let text = reader.string(value, what) else { return nil }
        if text.isEmpty { reader.report("\(what) is empty", at: value.span) }
        return text.isEmpty ? nil : FilePath(text)
    }
}
