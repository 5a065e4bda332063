/// Values of the language as attributes of a target.
struct AttributeReader {
    let attribute: TargetAttribute
    let place: Place

    /// nil for null, which sets nothing.
    func read(_ value: Value) throws -> AttributeValue? {
        if value == .null { return nil }
        switch attribute.kind {
        case .text: return .text(try text(value, "`\(attribute.rawValue)`"))
        case .flag:
            guard let flag = value.asBool else { throw refusal("`\(attribute.rawValue)`", value, "a bool") }
            return .flag(flag)
        case .texts: return .texts(try list(value).map { try text($0, "an element of `\(attribute.rawValue)`") })
        case .map: return .map(try map(value))
        case .fields: return .fields(try list(value).compactMap(fields))
        }
    }

    private func refusal(_ what: String, _ value: Value, _ wanted: String) -> BakeError {
        BakeError("\(what) is \(value.kind), not \(wanted)", at: place)
    }

    private func text(_ value: Value, _ what: String) throws -> String {
        guard let text = value.text else { throw refusal(what, value, "a string") }
        return text
    }

    private func list(_ value: Value) throws -> [Value] {
        guard case .list(let values) = value else {
            throw BakeError(
                "`\(attribute.rawValue)` is \(value.kind), not a list", at: place, hint: "put it in brackets: [ … ]")
        }
        return values
    }

    private func map(_ value: Value) throws -> [String: String] {
        guard case .object(let members) = value else {
            throw BakeError(
                "`\(attribute.rawValue)` is \(value.kind), not an object", at: place,
                hint: "write \(attribute.rawValue) = { NAME = \"value\" }")
        }
        var map: [String: String] = [:]
        for (name, value) in members where value != .null {
            map[name] = try text(value, "`\(name)` of `\(attribute.rawValue)`")
        }
        return map
    }

    private func fields(_ value: Value) throws -> OptionFields? {
        do {
            guard case .object(let members) = value else {
                return try OptionFields(try text(value, "an element of `\(attribute.rawValue)`"), of: attribute)
            }
            var map: [String: String] = [:]
            for (name, value) in members where value != .null {
                if attribute == .ssh, name == "paths", case .list(let paths) = value {
                    map[name] = try paths.map { try text($0, "a path") }.joined(separator: ",")
                } else {
                    map[name] = try text(value, "`\(name)` of `\(attribute.rawValue)`")
                }
            }
            return try OptionFields(map, of: attribute)
        } catch let error as BakeError where error.place == nil {
            throw BakeError(error.message, at: place, hint: error.hint)
        }
    }
}
