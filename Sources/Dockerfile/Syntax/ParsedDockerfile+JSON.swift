extension ParsedDockerfile {
    /// The syntax tree for other programs: one object per instruction.
    package var json: JSONValue {
        .array(instructions.map(\.json))
    }
}

extension InstructionNode {
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("instruction", .string(keyword.rawValue)),
            .init("flags", .array(flags.map { .string($0.text) })),
            .init("arguments", .array(pairs.isEmpty ? arguments.map { .string($0.text) } : pairs.flatMap(\.json))),
            .init("form", .string(form.rawValue)),
            .init("heredocs", .array(heredocs.map(\.json))),
            .init("lines", .array([.integer(range.firstLine), .integer(range.lastLine)])),
            .init("original", .string(originalWithHeredocs)),
        ]
        if let inner = trigger.first { members.append(.init("trigger", inner.json)) }
        return .object(members)
    }
}

extension InstructionNode.Pair {
    /// Name and value, one after the other; null for an argument without default.
    fileprivate var json: [JSONValue] {
        [.string(name.text), value.map { .string($0.text) } ?? .null]
    }
}

extension Heredoc {
    fileprivate var json: JSONValue {
        .object([
            .init("name", .string(name)),
            .init("expand", .bool(expands)),
            .init("chomp", .bool(chomps)),
            .init("body", .string(body)),
        ])
    }
}
