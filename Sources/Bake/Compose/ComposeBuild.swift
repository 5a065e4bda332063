/// The `build` of a service as attributes of a target.
struct ComposeBuild {
    private var target: BakeTarget
    private let text: ComposeText
    private let secrets: ComposeNode?
    private let environment: ComposeNode?

    init(_ target: BakeTarget, text: ComposeText, secrets: ComposeNode?, environment: ComposeNode?) {
        self.target = target
        self.text = text
        self.secrets = secrets
        self.environment = environment
    }

    private static let keys = [
        "context", "dockerfile", "dockerfile_inline", "args", "labels", "cache_from", "cache_to", "target", "platforms",
        "secrets", "ssh", "tags", "network", "extra_hosts", "shm_size", "ulimits", "no_cache", "no_cache_filter",
        "pull",
        "additional_contexts", "entitlements", "privileged", "isolation", "provenance", "sbom",
    ]

    mutating func target(_ build: ComposeNode, image: ComposeNode?) throws -> BakeTarget {
        guard let entries = build.entries else { throw BakeError("`build` is a path or a map", at: build.place) }
        for entry in entries {
            if entry.name.hasPrefix("x-") || entry.value.isNull { continue }
            guard Self.keys.contains(entry.name) else {
                throw BakeError(
                    "`build` has no key `\(entry.name)`", at: entry.place,
                    hint: Spelling.hint(for: entry.name, among: Self.keys))
            }
            try read(entry)
        }
        if let extra = build["x-bake"] { try extend(extra) }
        if target.texts(.tags).isEmpty, let image, !image.isNull {
            target.set(.tags, .texts([try string(image)]), at: image.place)
        }
        return target
    }

    private mutating func read(_ entry: ComposeNode.Entry) throws {
        let texts: [String: TargetAttribute] = [
            "context": .context, "dockerfile": .dockerfile, "dockerfile_inline": .dockerfileInline, "target": .target,
            "network": .network, "shm_size": .sharedMemory,
        ]
        let lists: [String: TargetAttribute] = [
            "platforms": .platforms, "tags": .tags, "entitlements": .entitlements, "no_cache_filter": .noCacheFilter,
        ]
        let fields: [String: TargetAttribute] = ["cache_from": .cacheFrom, "cache_to": .cacheTo]
        let flags: [String: TargetAttribute] = ["no_cache": .noCache, "pull": .pull]
        if let attribute = texts[entry.name] {
            set(attribute, .text(try string(entry.value)), entry)
        } else if let attribute = lists[entry.name] {
            set(attribute, .texts(try list(entry.value)), entry)
        } else if let attribute = fields[entry.name] {
            set(attribute, .fields(try self.fields(entry.value, of: attribute)), entry)
        } else if let attribute = flags[entry.name] {
            // What is off is not there, so that a bake file can set it.
            if try flag(entry.value) { set(attribute, .flag(true), entry) }
        } else {
            try readRest(entry)
        }
    }

    private mutating func readRest(_ entry: ComposeNode.Entry) throws {
        switch entry.name {
        case "args": set(.args, .map(try arguments(entry.value)), entry)
        case "labels": set(.labels, .map(try map(entry.value, separators: "=")), entry)
        case "additional_contexts": set(.contexts, .map(try contexts(entry.value)), entry)
        case "extra_hosts": set(.extraHosts, .map(try hosts(entry.value)), entry)
        case "ulimits": set(.ulimits, .texts(try limits(entry.value)), entry)
        case "ssh": set(.ssh, .fields(try keys(entry.value)), entry)
        case "secrets": set(.secret, .fields(try secretFields(entry.value)), entry)
        case "provenance", "sbom":
            let value = try string(entry.value)
            let isOff = BoolText.value(value) == false
            var fields = ["type": entry.name]
            if isOff { fields["disabled"] = "true" }
            if BoolText.value(value) == nil { fields["mode"] = value }
            target.merge(.attest, .init(value: .fields([OptionFields(values: fields)]), place: entry.place))
        case "privileged":
            guard try flag(entry.value) else { return }
            throw BakeError(
                "privileged builds are not supported", at: entry.place, hint: "entitlements: [security.insecure]")
        default: break
        }
    }

    private mutating func set(_ attribute: TargetAttribute, _ value: AttributeValue, _ entry: ComposeNode.Entry) {
        target.set(attribute, value, at: entry.place)
    }

    // MARK: x-bake

    /// Attributes as bake files call them; lists are added to what the build says.
    private mutating func extend(_ extra: ComposeNode) throws {
        guard let entries = extra.entries else { throw BakeError("`x-bake` is a map", at: extra.place) }
        for entry in entries where !entry.value.isNull {
            let known = TargetAttribute.allCases.filter {
                $0.kind == .texts || $0.kind == .fields || $0.kind == .flag || $0 == .contexts
            }
            guard let attribute = TargetAttribute(rawValue: entry.name), known.contains(attribute) else {
                throw BakeError(
                    "`x-bake` has no key `\(entry.name)`", at: entry.place,
                    hint: Spelling.hint(for: entry.name, among: known.map(\.rawValue)))
            }
            let value: AttributeValue
            switch attribute.kind {
            case .flag: value = .flag(try flag(entry.value))
            case .texts: value = .texts((target.texts(attribute) + (try words(entry.value))).distinct())
            case .fields:
                value = .fields((target.fields(attribute) + (try fields(entry.value, of: attribute))).distinct())
            default: value = .map(target.map(attribute).merging(try contexts(entry.value)) { $1 })
            }
            set(attribute, value, entry)
        }
    }

    // MARK: Kinds

    private func string(_ node: ComposeNode) throws -> String {
        guard case .scalar(let string, _, let place) = node else { throw BakeError("expected a text", at: node.place) }
        return try text.expanded(string, at: place)
    }

    private func flag(_ node: ComposeNode) throws -> Bool {
        guard let flag = BoolText.value(try string(node)) else {
            throw BakeError("expected true or false", at: node.place)
        }
        return flag
    }

    private func list(_ node: ComposeNode) throws -> [String] {
        guard case .list(let nodes, _) = node else { throw BakeError("expected a list", at: node.place) }
        return try nodes.map(string)
    }

    /// A list, or its elements in one text.
    private func words(_ node: ComposeNode) throws -> [String] {
        guard case .scalar = node else { return try list(node) }
        return try string(node).split { $0.isWhitespace }.map(String.init)
    }

    private func fields(_ node: ComposeNode, of attribute: TargetAttribute) throws -> [OptionFields] {
        try words(node).compactMap { word in
            do { return try OptionFields(word, of: attribute) } catch let error as BakeError {
                throw BakeError(error.message, at: node.place, hint: error.hint)
            }
        }
    }

    /// A map, or a list of `name=value`; what has no value is left out.
    private func map(_ node: ComposeNode, separators: String) throws -> [String: String] {
        var map: [String: String] = [:]
        if let entries = node.entries {
            for entry in entries where !entry.value.isNull { map[entry.name] = try string(entry.value) }
            return map
        }
        for text in try list(node) {
            guard let separator = text.firstIndex(where: { separators.contains($0) }) else { continue }
            map[String(text[..<separator])] = String(text[text.index(after: separator)...])
        }
        return map
    }

    // MARK: Attributes

    /// Without a value an argument is the variable of its name, of the service or of the environment.
    private func arguments(_ node: ComposeNode) throws -> [String: String] {
        var arguments = try map(node, separators: "=")
        let own = try environment.map { try map($0, separators: "=") } ?? [:]
        for entry in node.entries ?? [] where entry.value.isNull {
            arguments[entry.name] = own[entry.name] ?? text.variables[entry.name]
        }
        return arguments
    }

    private func contexts(_ node: ComposeNode) throws -> [String: String] {
        try map(node, separators: "=").mapValues { value in
            for prefix in ["service:", "target:"] where value.hasPrefix(prefix) {
                return "target:" + TargetName.sanitized(String(value.dropFirst(prefix.count)))
            }
            return value
        }
    }

    private func hosts(_ node: ComposeNode) throws -> [String: String] {
        guard let entries = node.entries else { return try map(node, separators: "=:") }
        var hosts: [String: String] = [:]
        for entry in entries {
            if case .list = entry.value {
                hosts[entry.name] = try list(entry.value).joined(separator: ",")
            } else {
                hosts[entry.name] = try string(entry.value)
            }
        }
        return hosts
    }

    private func limits(_ node: ComposeNode) throws -> [String] {
        guard let entries = node.entries else { throw BakeError("`ulimits` is a map", at: node.place) }
        return try entries.map { entry in
            guard entry.value.entries != nil else {
                let value = try string(entry.value)
                return "\(entry.name)=\(value):\(value)"
            }
            guard let soft = entry.value["soft"], let hard = entry.value["hard"] else {
                throw BakeError("a limit has `soft` and `hard`", at: entry.place)
            }
            return try "\(entry.name)=\(string(soft)):\(string(hard))"
        }
    }

    private func keys(_ node: ComposeNode) throws -> [OptionFields] {
        let texts: [String]
        if let entries = node.entries {
            texts = try entries.map { entry in
                let path = entry.value.isNull ? "" : try string(entry.value)
                return path.isEmpty ? entry.name : "\(entry.name)=\(path)"
            }
        } else {
            texts = try words(node)
        }
        return try texts.inOrder().compactMap { try OptionFields($0, of: .ssh) }
    }

    private func secretFields(_ node: ComposeNode) throws -> [OptionFields] {
        guard case .list(let nodes, _) = node else { throw BakeError("`secrets` is a list", at: node.place) }
        return try nodes.map { node in
            guard let source = node.entries == nil ? node : node["source"] else {
                throw BakeError("the secret has no `source`", at: node.place)
            }
            let name = try string(source)
            guard let declared = secrets?[name] else {
                throw BakeError(
                    "there is no secret `\(name)` in the file", at: source.place,
                    hint: Spelling.hint(for: name, among: secrets?.entries?.map(\.name) ?? []))
            }
            if let external = declared["external"], try flag(external) {
                throw BakeError("the secret `\(name)` is external, and there is nobody to ask for it", at: source.place)
            }
            var fields = ["id": name]
            if let file = declared["file"] { fields["src"] = try string(file) }
            if let variable = declared["environment"] { fields["env"] = try string(variable) }
            return OptionFields(values: fields)
        }
    }
}
