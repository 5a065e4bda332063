// The build section of compose files: https://github.com/compose-spec/compose-spec/blob/main/build.md

/// Services of compose files as targets, each called as its service; the group `default` has all of them.
struct ComposeProject {
    private let root: ComposeNode
    private let text: ComposeText

    /// Files are merged, later ones over earlier ones.
    init(_ files: [BakeFile], variables: [String: String]) throws {
        var root: ComposeNode?
        for file in files {
            let node = try ComposeNode.parse(file)
            guard node.entries != nil else { throw BakeError("the file is no map", at: node.place) }
            if let include = node.entries?.first(where: { $0.name == "include" }) {
                throw BakeError(
                    "`include` is not supported", at: include.place, hint: "name the files, one --file for each")
            }
            let uniform = Self.uniform(node)
            root = root.map { $0.merging(uniform) } ?? uniform
        }
        self.root = root ?? .map([], Place(file: files[0], offsets: 0..<0))
        text = ComposeText(variables: variables)
    }

    func targets() throws -> [BakeTarget] {
        guard let services = root["services"] else { return [] }
        guard let entries = services.entries else { throw BakeError("`services` is a map", at: services.place) }
        return try entries.compactMap { entry in
            let service = try extended(entry.value, path: [entry.name], at: entry.place)
            guard let build = service["build"], !build.isNull else { return nil }
            let name = TargetName.sanitized(entry.name)
            try TargetName.check(name, at: entry.place)
            var reader = ComposeBuild(
                BakeTarget(name: name), text: text, secrets: root["secrets"], environment: service["environment"])
            return try reader.target(build, image: service["image"])
        }
    }

    // MARK: Forms

    /// With the short form of `build` as the long one, so that files can be merged.
    private static func uniform(_ root: ComposeNode) -> ComposeNode {
        changing("services", in: root) { services in
            guard case .map(let entries, let place) = services else { return services }
            return .map(
                entries.map { entry in
                    var entry = entry
                    entry.value = changing("build", in: entry.value) { build in
                        guard case .scalar(_, _, let place) = build, !build.isNull else { return lists(build) }
                        return .map([ComposeNode.Entry(name: "context", place: place, value: build)], place)
                    }
                    return entry
                }, place)
        }
    }

    private static func changing(
        _ name: String, in node: ComposeNode, _ change: (ComposeNode) -> ComposeNode
    ) -> ComposeNode {
        guard case .map(var entries, let place) = node, let index = entries.firstIndex(where: { $0.name == name })
        else { return node }
        entries[index].value = change(entries[index].value)
        return .map(entries, place)
    }

    /// `- NAME=value` as `NAME: value`.
    private static func lists(_ build: ComposeNode) -> ComposeNode {
        ["args", "labels", "additional_contexts"].reduce(build) { build, name in
            changing(name, in: build) { node in
                guard case .list(let nodes, let place) = node else { return node }
                return .map(
                    nodes.compactMap { node in
                        guard case .scalar(let text, _, let place) = node else { return nil }
                        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                        let value = ComposeNode.scalar(
                            parts.count > 1 ? String(parts[1]) : "", isPlain: parts.count == 1, place)
                        return ComposeNode.Entry(name: String(parts[0]), place: place, value: value)
                    }, place)
            }
        }
    }

    // MARK: extends

    private func extended(_ service: ComposeNode, path: [String], at place: Place) throws -> ComposeNode {
        guard let extends = service["extends"], !extends.isNull else { return service }
        if let file = extends["file"] {
            throw BakeError("`extends` of another file is not supported", at: file.place)
        }
        let named = extends.entries == nil ? extends : extends["service"] ?? extends
        guard case .scalar(let name, _, let place) = named else {
            throw BakeError("`extends` names no service", at: extends.place)
        }
        guard let base = root["services"]?[name] else {
            throw BakeError(
                "there is no service `\(name)`", at: place,
                hint: Spelling.hint(for: name, among: root["services"]?.entries?.map(\.name) ?? []))
        }
        guard !path.contains(name) else {
            throw BakeError("a service extends itself: \((path + [name]).joined(separator: " → "))", at: place)
        }
        return try extended(base, path: path + [name], at: place).merging(service)
    }
}
