/// `type=registry,ref=example.org/app` or the object `{ type = "registry", ref = … }`: names with values.
package struct OptionFields: Hashable, Sendable {
    package var values: [String: String]

    package subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// As the command line of a build takes it; `first` names stand in front, the rest in bytewise order.
    package func text(first: [String] = ["type"]) -> String {
        let names = first.filter { values[$0] != nil } + values.keys.filter { !first.contains($0) }.inOrder()
        return names.map { name in Self.quoted("\(name)=\(values[name] ?? "")") }.joined(separator: ",")
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: Reading

    init(values: [String: String]) { self.values = values }

    /// nil for an empty text, which means nothing. Messages do not repeat the text: it may be a secret.
    init?(_ text: String, of attribute: TargetAttribute) throws {
        guard !text.isEmpty else { return nil }
        guard let fields = CommaSeparated.fields(of: text) else {
            throw BakeError("a value of `\(attribute.rawValue)` has a quote that does not end")
        }
        if let short = Self.short(text, fields, of: attribute) {
            values = short
            return
        }
        values = [:]
        for field in fields {
            guard let equals = field.firstIndex(of: "=") else {
                throw BakeError("a value of `\(attribute.rawValue)` has a field without `=`")
            }
            values[field[..<equals].lowercased()] = String(field[field.index(after: equals)...])
        }
        try normalize(attribute)
    }

    init?(_ object: [String: String], of attribute: TargetAttribute) throws {
        guard !object.isEmpty else { return nil }
        values = object
        try normalize(attribute)
    }

    /// What stands without a name.
    private static func short(
        _ text: String, _ fields: [String], of attribute: TargetAttribute
    ) -> [String: String]? {
        switch attribute {
        case .cacheFrom, .cacheTo:
            return fields.count == 1 && !fields[0].contains("=") ? ["type": "registry", "ref": fields[0]] : nil
        case .output:
            guard fields.count == 1, !fields[0].contains("=") else { return nil }
            return fields[0] == "-" ? ["type": "tar", "dest": "-"] : ["type": "local", "dest": fields[0]]
        case .ssh:
            guard let equals = text.firstIndex(of: "=") else { return ["id": text] }
            return ["id": String(text[..<equals]), "paths": String(text[text.index(after: equals)...])]
        case .policy: return fields.count == 1 && !fields[0].contains("=") ? ["filename": fields[0]] : nil
        default: return nil
        }
    }

    private mutating func normalize(_ attribute: TargetAttribute) throws {
        switch attribute {
        case .secret:
            if let source = values.removeValue(forKey: "source") { values["src"] = source }
            if values.removeValue(forKey: "type") == "env", values["env"] == nil {
                values["env"] = values.removeValue(forKey: "src") ?? values["id"]
            }
            if values["id"]?.isEmpty ?? true { throw BakeError("a value of `secret` has no id") }
        case .ssh:
            if values["id"]?.isEmpty ?? true { throw BakeError("a value of `ssh` has no id") }
        case .attest, .cacheFrom, .cacheTo, .output:
            if values["type"]?.isEmpty ?? true {
                throw BakeError("a value of `\(attribute.rawValue)` has no type", hint: "write type=…")
            }
        default: break
        }
    }
}
