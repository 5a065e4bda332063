// YAML 1.2 with the core schema (https://yaml.org/spec/1.2.2/#103-core-schema): only `true` and `false` are booleans,
// `on`, `yes`, `0755` and `12:30` stay text or decimal. libyaml finds the structure; types are decided here from the text
// of plain scalars, because its own rules are those of YAML 1.1.

import YAML

package enum YAMLDocument {
    /// The one document in `source`, anchors resolved and `<<` merged, within `ConfigLimits`.
    package static func parse(_ source: ConfigSource) throws(ConfigError) -> ConfigValue {
        if source.text.unicodeScalars.first == "\u{FEFF}" {
            throw ConfigError([
                source.error("file starts with a byte order mark", at: .start, hint: "save it as UTF-8 without BOM")
            ])
        }
        let root: YAMLNode?
        do {
            root = try YAMLNode.parse(source.text.utf8, limits: ConfigLimits.yaml)
        } catch {
            throw ConfigError([diagnostic(for: error, in: source)])
        }
        guard let root else { return ConfigValue(.null, at: .start) }
        return try YAMLConverter(source: source).convert(root)
    }

    private static func diagnostic(for error: YAMLError, in source: ConfigSource) -> ConfigDiagnostic {
        var length = 1
        if case .repeatedKey(let name) = error.problem { length = max(1, name.unicodeScalars.count) }
        let span = SourceSpan(line: error.place.line, column: error.place.column, length: length)
        return source.error("\(error)", at: span, hint: error.hint)
    }
}

/// Turns nodes into values with types.
private struct YAMLConverter {
    let source: ConfigSource

    func convert(_ node: YAMLNode) throws(ConfigError) -> ConfigValue {
        switch node.content {
        case .scalar(let scalar):
            return try convert(scalar, node.tag, at: span(of: scalar, at: node.place))
        case .sequence(let elements):
            let span = SourceSpan(line: node.place.line, column: node.place.column)
            try checkTag(node.tag, at: span)
            var values: [ConfigValue] = []
            for element in elements { values.append(try convert(element)) }
            return ConfigValue(.list(values), at: span)
        case .mapping(let members):
            let span = SourceSpan(line: node.place.line, column: node.place.column)
            try checkTag(node.tag, at: span)
            return ConfigValue(.table(try entries(of: members)), at: span)
        }
    }

    private func entries(of members: [YAMLEntry]) throws(ConfigError) -> [ConfigEntry] {
        var entries: [ConfigEntry] = []
        var merged: [ConfigEntry] = []
        for member in members {
            let keySpan = span(of: member.key, at: member.place)
            let value = try convert(member.value)
            if member.isMerge {
                merged += try mergedEntries(value, at: keySpan)
            } else {
                entries.append(ConfigEntry(name: member.name, at: keySpan, value: value))
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

    private func convert(
        _ scalar: YAMLNode.Scalar, _ tag: String, at span: SourceSpan
    ) throws(ConfigError) -> ConfigValue {
        if scalar.style != .plain || tag == "tag:yaml.org,2002:str" {
            return ConfigValue(.string, text: scalar.text, at: span)
        }
        try checkTag(tag, at: span)
        return ConfigValue(CoreSchema.resolve(scalar.text), text: scalar.text, at: span)
    }

    private func checkTag(_ tag: String, at span: SourceSpan) throws(ConfigError) {
        guard tag.isEmpty else {
            throw failure("type tags such as `\(tag)` are not supported", at: span)
        }
    }

    private func failure(_ message: String, at span: SourceSpan) -> ConfigError {
        ConfigError([source.error(message, at: span)])
    }

    /// As far as its first line goes.
    private func span(of scalar: YAMLNode.Scalar, at place: YAMLPlace) -> SourceSpan {
        let rest =
            source.lines.indices.contains(place.line - 1)
            ? source.lines[place.line - 1].unicodeScalars.count - place.column + 1 : 1
        let length = max(1, min(rest, scalar.text.unicodeScalars.count + (scalar.style == .quoted ? 2 : 0)))
        return SourceSpan(line: place.line, column: place.column, length: length)
    }
}
