/// Which flags each instruction takes.
enum FlagGrammar {
    enum Kind {
        case value
        case bool
        case repeated
    }

    static func flags(of keyword: Keyword) -> [(name: String, kind: Kind)] {
        switch keyword {
        case .add:
            [
                ("chown", .value), ("chmod", .value), ("link", .bool), ("checksum", .value), ("keep-git-dir", .bool),
                ("unpack", .bool), ("exclude", .repeated),
            ]
        case .copy:
            [
                ("from", .value), ("chown", .value), ("chmod", .value), ("link", .bool), ("parents", .bool),
                ("exclude", .repeated),
            ]
        case .from: [("platform", .value)]
        case .healthcheck:
            [
                ("interval", .value), ("timeout", .value), ("start-period", .value), ("start-interval", .value),
                ("retries", .value),
            ]
        case .run: [("mount", .repeated), ("network", .value), ("security", .value), ("device", .repeated)]
        default: []
        }
    }
}

/// The flags of one instruction, checked against its grammar.
struct FlagSet {
    private var values: [String: [FlagValue]] = [:]
    private var bools: [String: Bool] = [:]

    init(_ node: InstructionNode, diagnostics: inout [Diagnostic]) {
        let grammar = FlagGrammar.flags(of: node.keyword)
        for flag in node.flags {
            let body = flag.text.dropFirst(2)
            let equals = body.firstIndex(of: "=")
            let name = String(body[..<(equals ?? body.endIndex)])
            let value = equals.map { String(body[body.index(after: $0)...]) }
            guard let kind = grammar.first(where: { $0.name == name })?.kind else {
                let known = grammar.map { "--\($0.name)" }
                let hint =
                    Suggestion.hint(for: "--\(name)", among: known)
                    ?? (known.isEmpty
                        ? "\(node.keyword.uppercased) takes no flags" : "known flags: \(known.joined(separator: " "))")
                diagnostics.append(.error("unknown flag `--\(name)`", at: flag.range, hint: hint))
                continue
            }
            if kind != .repeated, values[name] != nil || bools[name] != nil {
                diagnostics.append(.error("flag `--\(name)` is given twice", at: flag.range))
                continue
            }
            switch (kind, value) {
            case (.bool, _):
                guard let bool = Self.bool(value) else {
                    diagnostics.append(
                        .error("`--\(name)` is either true or false, not `\(value ?? "")`", at: flag.range))
                    continue
                }
                bools[name] = bool
            case (_, nil):
                diagnostics.append(
                    .error("flag `--\(name)` has no value", at: flag.range, hint: "write --\(name)=value"))
            case (_, let value?):
                values[name, default: []].append(FlagValue(text: value, range: flag.range))
            }
        }
    }

    private static func bool(_ text: String?) -> Bool? {
        switch text?.lowercased() {
        case nil, "true": true
        case "false": false
        default: nil
        }
    }

    func value(_ name: String) -> FlagValue? { values[name]?.first }
    func all(_ name: String) -> [FlagValue] { values[name] ?? [] }
    func bool(_ name: String) -> Bool? { bools[name] }
}
