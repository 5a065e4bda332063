package import OCI

/// The documents that `--print` and `--list` show; the same for the same files and environment.
extension BakeSelection {
    package var json: JSON {
        var groups = JSONObject()
        for group in self.groups { groups[group.name] = .object(group.json) }
        var targets = JSONObject()
        for target in self.targets.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            targets[target.name] = .object(target.json)
        }
        return ["group": self.groups.isEmpty ? nil : .object(groups), "target": .object(targets)]
    }
}

extension BakeGroup {
    fileprivate var json: JSONObject {
        ["description": description.map(JSON.string), "targets": .array(targets.map(JSON.string))]
    }
}

extension BakeTarget {
    fileprivate var json: JSONObject {
        var object = JSONObject()
        for attribute in TargetAttribute.allCases {
            guard let value = self[attribute] else { continue }
            object[attribute.rawValue] = Self.json(value, of: attribute)
        }
        return object
    }

    /// nil for what is empty.
    private static func json(_ value: AttributeValue, of attribute: TargetAttribute) -> JSON? {
        func text(_ text: String) -> JSON { .string(attribute.isTemplate ? escaped(text) : text) }
        switch value {
        case .text(let value): return value.isEmpty ? nil : text(value)
        case .flag(let value): return .bool(value)
        case .texts(let values): return values.isEmpty ? nil : .array(values.map(text))
        case .map(let values):
            var object = JSONObject()
            for (name, value) in values.inOrder { object[name] = text(value) }
            return values.isEmpty ? nil : .object(object)
        case .fields(let values): return values.isEmpty ? nil : .array(values.map { json($0, of: attribute) })
        }
    }

    private static func json(_ fields: OptionFields, of attribute: TargetAttribute) -> JSON {
        let first = attribute == .secret ? ["id", "src", "env"] : []
        let names = first.filter { fields[$0] != nil } + fields.values.keys.filter { !first.contains($0) }.inOrder()
        var object = JSONObject()
        for name in names {
            let value = fields[name] ?? ""
            if attribute == .ssh, name == "paths" {
                object[name] = .array(value.split(separator: ",").map { .string(String($0)) })
            } else {
                object[name] = .string(value)
            }
        }
        return .object(object)
    }

    /// So that a file of the JSON form with this text means it.
    private static func escaped(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            let before = brace > rest.startIndex ? rest[rest.index(before: brace)] : " "
            result += rest[..<brace]
            if before == "$" || before == "%" { result.append(before) }
            result.append("{")
            rest = rest[rest.index(after: brace)...]
        }
        return result + rest
    }
}

extension BakeDefinition {
    /// `--list targets`: names with descriptions, groups among them.
    package var listedTargets: [(name: String, description: String)] {
        let groups = self.groups.inOrder.map {
            ($0.key, $0.value.description ?? $0.value.targets.joined(separator: ", "))
        }
        let targets = targetNames.map { ($0, self.targets[$0]?.text(.description) ?? "") }
        return (groups + targets).sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }
}
