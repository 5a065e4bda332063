// YAML 1.2 with the core schema (https://yaml.org/spec/1.2.2/#103-core-schema): only `true` and `false` are booleans,
// `on`, `yes`, `0755` and `12:30` stay text or decimal. libyaml, under Yams, finds the structure; types are decided here
// from the text of plain scalars, because its own rules are those of YAML 1.1.

import Yams

package enum YAMLDocument {
    /// The one document in `source`, anchors resolved and `<<` merged, within `ConfigLimits`.
    package static func parse(_ source: ConfigSource) throws(ConfigError) -> ConfigValue {
        let problems = YAMLScreen.problems(in: source)
        guard problems.isEmpty else { throw ConfigError(problems) }
        let root: Node?
        do {
            root = try Yams.Parser(yaml: source.text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch {
            throw ConfigError([diagnostic(for: error, in: source)])
        }
        guard let root else { return ConfigValue(.null, at: .start) }
        var converter = YAMLConverter(source: source)
        return try converter.convert(root, depth: 0)
    }

    private static func diagnostic(for error: any Error, in source: ConfigSource) -> ConfigDiagnostic {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let detail = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return source.error("\(problem)\(detail)", at: SourceSpan(line: mark.line, column: mark.column))
        case .duplicatedKeysInMapping(let keys, let context):
            let name = keys.first ?? ""
            return source.error(
                "key `\(name)` is given more than once",
                at: SourceSpan(line: context.mark.line, column: context.mark.column, length: name.unicodeScalars.count),
                hint: "this is the first; keep one of them")
        case .reader(let problem, _, let value, _):
            let scalar = value >= 0 ? " (U+\(String(value, radix: 16, uppercase: true)))" : ""
            let span = source.position { $0.value == UInt32(bitPattern: value) }
            return source.error("\(problem)\(scalar)", at: span)
        default:
            return source.error("not a YAML document", at: .start)
        }
    }
}

extension ConfigSource {
    /// The place of the first character that `matches`; the start of the file when none does.
    fileprivate func position(where matches: (Unicode.Scalar) -> Bool) -> SourceSpan {
        for (index, line) in lines.enumerated() {
            for (offset, scalar) in line.unicodeScalars.enumerated() where matches(scalar) {
                return SourceSpan(line: index + 1, column: offset + 1)
            }
        }
        return .start
    }
}

/// Turns the nodes of Yams into values with types and places, counting what aliases unfold to.
private struct YAMLConverter {
    let source: ConfigSource
    var nodes = 0

    mutating func convert(_ node: Node, depth: Int) throws(ConfigError) -> ConfigValue {
        let span = span(of: node)
        nodes += 1
        guard nodes <= ConfigLimits.nodes else {
            throw failure("file unfolds to more than \(ConfigLimits.nodes) values", at: span)
        }
        guard depth <= ConfigLimits.depth else {
            throw failure("values are nested more than \(ConfigLimits.depth) deep", at: span)
        }
        switch node {
        case .scalar(let scalar):
            return try convert(scalar, at: span)
        case .sequence(let sequence):
            try checkTag(sequence.tag, at: span)
            var values: [ConfigValue] = []
            for element in sequence { values.append(try convert(element, depth: depth + 1)) }
            return ConfigValue(.list(values), at: span)
        case .mapping(let mapping):
            try checkTag(mapping.tag, at: span)
            return ConfigValue(.table(try entries(of: mapping, depth: depth)), at: span)
        case .alias:
            throw failure("alias stands for nothing", at: span)
        }
    }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) throws(ConfigError) -> [ConfigEntry] {
        var entries: [ConfigEntry] = []
        var merged: [ConfigEntry] = []
        for (key, node) in mapping {
            let keySpan = span(of: key)
            guard case .scalar(let name) = key else { throw failure("a key must be plain text", at: keySpan) }
            let value = try convert(node, depth: depth + 1)
            if name.string == "<<", name.style == .plain {
                merged += try mergedEntries(value, at: keySpan)
            } else {
                entries.append(ConfigEntry(name: name.string, at: keySpan, value: value))
            }
        }
        var known = Set(entries.map(\.name))
        for entry in merged where known.insert(entry.name).inserted { entries.append(entry) }
        return entries
    }

    private func mergedEntries(_ value: ConfigValue, at span: SourceSpan) throws(ConfigError) -> [ConfigEntry] {
        switch value.content {
        case .table(let entries): return entries
        case .list(let tables):
            var entries: [ConfigEntry] = []
            for table in tables { entries += try mergedEntries(table, at: span) }
            return entries
        default: throw failure("`<<` merges tables only", at: span)
        }
    }

    private func convert(_ scalar: Node.Scalar, at span: SourceSpan) throws(ConfigError) -> ConfigValue {
        guard scalar.style == .plain || scalar.style == .any else {
            return ConfigValue(.string, text: scalar.string, at: span)
        }
        let tag = scalar.tag.description
        if tag == Tag.Name.str.rawValue { return ConfigValue(.string, text: scalar.string, at: span) }
        try checkTag(scalar.tag, at: span)
        return ConfigValue(CoreSchema.resolve(scalar.string), text: scalar.string, at: span)
    }

    private func checkTag(_ tag: Tag, at span: SourceSpan) throws(ConfigError) {
        guard tag.description.isEmpty else {
            throw failure("type tags such as `\(tag.description)` are not supported", at: span)
        }
    }

    private func failure(_ message: String, at span: SourceSpan) -> ConfigError {
        ConfigError([source.error(message, at: span)])
    }

    private func span(of node: Node) -> SourceSpan {
        guard let mark = node.mark else { return .start }
        guard case .scalar(let scalar) = node else { return SourceSpan(line: mark.line, column: mark.column) }
        let quotes = scalar.style == .singleQuoted || scalar.style == .doubleQuoted ? 2 : 0
        let rest =
            source.lines.indices.contains(mark.line - 1)
            ? source.lines[mark.line - 1].unicodeScalars.count - mark.column + 1 : 1
        let length = max(1, min(rest, scalar.string.unicodeScalars.count + quotes))
        return SourceSpan(line: mark.line, column: mark.column, length: length)
    }
}
