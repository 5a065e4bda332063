extension DockerfileOutline {
    /// For other programs; the names are those of buildx.
    package var json: JSONValue {
        var members: [JSONValue.Member] = [.init("name", .string(target.name ?? "default"))]
        if let description { members.append(.init("description", .string(description))) }
        members.append(.init("args", .array(arguments.map(\.json))))
        members.append(.init("secrets", .array(secrets.map(\.json))))
        members.append(.init("ssh", .array(agents.map(\.json))))
        members.append(.init("cache", .array(caches.map { .object([.init("id", .string($0))]) })))
        members.append(
            .init("stages", .array(stages.map { .string($0.name ?? String($0.index)) })))
        return .object(members)
    }

    /// Tables for people; ends with a newline.
    package var text: String {
        var parts = ["TARGET:        \(target.name ?? "default")\n"]
        if let description { parts[0] += "DESCRIPTION:   \(Printable.text(description))\n" }
        let tables = [
            TextTable(
                ["BUILD ARG", "VALUE", "DESCRIPTION"],
                arguments.map { [$0.name, $0.value ?? "", $0.description ?? ""].map { Printable.text($0) } }),
            TextTable(["SECRET", "REQUIRED"], secrets.map(\.cells)),
            TextTable(["SSH", "REQUIRED"], agents.map(\.cells)),
            TextTable(["CACHE"], caches.map { [Printable.text($0)] }),
        ]
        parts += tables.compactMap { $0?.text }
        return parts.joined(separator: "\n")
    }
}

extension DockerfileOutline.Argument {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("name", .string(name))]
        if let description { members.append(.init("description", .string(description))) }
        if let value { members.append(.init("value", .string(value))) }
        members.append(.init("location", range.location))
        return .object(members)
    }
}

extension DockerfileOutline.Resource {
    fileprivate var json: JSONValue {
        .object([
            .init("name", .string(id)), .init("required", .bool(isRequired)), .init("location", range.location),
        ])
    }

    fileprivate var cells: [String] { [Printable.text(id), isRequired ? "true" : "false"] }
}
