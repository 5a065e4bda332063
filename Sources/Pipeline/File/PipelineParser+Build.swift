extension PipelineParser {
    mutating func readBuild(_ value: ConfigValue, triggers: [Trigger]) -> BuildSettings {
        var build = BuildSettings()
        let keys = ["dockerfile", "context", "args", "network", "epoch"]
        guard let section = reader.section(value, "`build`", keys: keys) else { return build }
        if let path = section["dockerfile"].flatMap({ readPath($0, section.name("dockerfile")) }) {
            build.dockerfile = path
        }
        if let path = section["context"].flatMap({ readPath($0, section.name("context")) }) {
            build.context = path
        }
        if let network: NetworkMode = section["network"].flatMap({ reader.choice($0, section.name("network")) }) {
            build.network = network
        }
        if let epoch = section["epoch"] { build.epoch = readEpoch(epoch, section.name("epoch")) }
        if let arguments = section["args"] { build.arguments = readArguments(arguments, triggers: triggers) }
        return build
    }

    private mutating func readEpoch(_ value: ConfigValue, _ what: String) -> BuildSettings.Epoch {
        if case .integer(let seconds) = value.content, seconds >= 0 { return .fixed(Int64(seconds)) }
        if case .string = value.content, value.text == "commit" { return .commit }
        reader.report("\(what) must be `commit` or seconds since 1970", at: value.span)
        return .commit
    }

    private mutating func readArguments(_ value: ConfigValue, triggers: [Trigger]) -> [BuildSettings.Argument] {
        guard let entries = reader.entries(value, "`args` of `build`") else { return [] }
        return entries.compactMap { entry in
            let what = "argument `\(entry.name)`"
            let isName = entry.name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F }
            guard isName, let first = entry.name.utf8.first, !(0x30...0x39).contains(first) else {
                reader.report("\(what) is no name for a build argument", at: entry.nameSpan)
                return nil
            }
            if case .number = entry.value.content {
                reader.warn("\(what) looks like a number", at: entry.value.span, hint: "put it in quotes")
            }
            guard let template = readTemplate(entry.value, what) else { return nil }
            for trigger in triggers { check(template, for: trigger, what, at: entry.value.span) }
            return BuildSettings.Argument(name: entry.name, value: template)
        }
    }

    mutating func readTemplate(_ value: ConfigValue, _ what: String) -> Template? {
        guard let text = reader.string(value, what) else { return nil }
        return read(at: value.span, prefix: "\(what): ", try Template(text))
    }

    /// Reports variables that runs of `trigger` have no value for.
    mutating func check(_ template: Template, for trigger: Trigger, _ what: String, at span: SourceSpan) {
        for variable in template.variables {
            guard let needed = variable.refKind, needed != trigger.kind else { continue }
            reader.report(
                "\(what): `${\(variable.rawValue)}` has no value for trigger `\(trigger.name)`, which is for \(trigger.kind) refs",
                at: span)
        }
    }

    /// A path inside the repository.
    private mutating func readPath(_ value: ConfigValue, _ what: String) -> String? {
        guard let text = reader.string(value, what) else { return nil }
        let components = text.split(separator: "/", omittingEmptySubsequences: true)
        guard !text.isEmpty, !text.hasPrefix("/"), !components.contains("..") else {
            reader.report("\(what) is `\(text)`, but must be a path inside the repository", at: value.span)
            return nil
        }
        let plain = components.filter { $0 != "." }.joined(separator: "/")
        return plain.isEmpty ? "." : plain
    }

    mutating func readLimits(_ value: ConfigValue, _ what: String) -> Limits {
        var limits = Limits()
        guard let section = reader.section(value, what, keys: ["time", "memory", "cpus", "pids"]) else { return limits }
        limits.time = section["time"].flatMap { reader.duration($0, section.name("time")) }
        limits.memory = section["memory"].flatMap { reader.byteCount($0, section.name("memory")) }
        limits.cpus = section["cpus"].flatMap { reader.number($0, section.name("cpus"), in: 0.1...1024) }
        limits.processes = section["pids"].flatMap { reader.integer($0, section.name("pids"), in: 1...4_194_304) }
        return limits
    }
}
