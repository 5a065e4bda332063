/// The stages of a file as targets: the ones with a name, and the last one, which is built by default.
package struct DockerfileTargets: Sendable {
    package struct Target: Sendable {
        package let stage: Stage
        package let description: String?
        /// The image or stage it goes on from, as written.
        package var base: String { stage.from.image.text }
        package let isDefault: Bool
    }

    package let targets: [Target]

    package init(_ file: DockerfileStages) {
        let last = file.stages.count - 1
        // Of several stages with one name the last is what the name means.
        var indices: [String: Int] = [:]
        for stage in file.stages { if let name = stage.name { indices[name] = stage.index } }
        targets = file.stages.compactMap { stage in
            guard stage.index == last || stage.name.map({ indices[$0] == stage.index }) ?? false else { return nil }
            return Target(
                stage: stage, description: stage.name.flatMap { stage.node.description(of: $0) },
                isDefault: stage.index == last)
        }
    }

    /// For other programs; the names are those of buildx.
    package var json: JSONValue {
        .object([.init("targets", .array(targets.map(\.json)))])
    }

    /// A table for people; ends with a newline.
    package var text: String {
        let rows = targets.map { target in
            [
                (target.stage.name ?? "(unnamed)") + (target.isDefault ? " (default)" : ""),
                Printable.text(target.description ?? ""),
            ]
        }
        return TextTable(["TARGET", "DESCRIPTION"], rows)?.text ?? ""
    }
}

extension DockerfileTargets.Target {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let name = stage.name { members.append(.init("name", .string(name))) }
        if isDefault { members.append(.init("default", .bool(true))) }
        if let description { members.append(.init("description", .string(description))) }
        members.append(.init("base", .string(base)))
        if let platform = stage.from.platform { members.append(.init("platform", .string(platform.text))) }
        members.append(.init("location", stage.node.range.location))
        return .object(members)
    }
}
