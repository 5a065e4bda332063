extension Evaluation {
    func list(_ clause: Expression.ForClause, _ value: Expression, in scope: Scope, at place: Place) throws -> Value {
        var values: [Value] = []
        try each(clause, in: scope) { values.append(try self.value(value, in: $0)) }
        return try measured(.list(values), at: place)
    }

    func object(
        _ clause: Expression.ForClause, _ key: Expression, _ value: Expression, groups: Bool, in scope: Scope,
        at place: Place
    ) throws -> Value {
        var members: [String: Value] = [:]
        var grouped: [String: [Value]] = [:]
        try each(clause, in: scope) { scope in
            let name = try text(key, in: scope, "the key")
            let value = try self.value(value, in: scope)
            if groups {
                grouped[name, default: []].append(value)
            } else if members.updateValue(value, forKey: name) != nil {
                throw BakeError(
                    "the key `\(name)` comes twice", at: key.place, hint: "collect the values of one key: … => …...")
            }
        }
        return try measured(.object(groups ? grouped.mapValues(Value.list) : members), at: place)
    }

    func text(_ clause: Expression.ForClause, _ value: Expression, in scope: Scope, at place: Place) throws -> Value {
        var result = ""
        try each(clause, in: scope) { scope in
            let text = try text(value, in: scope, "the text")
            try spend(text: text.utf8.count, at: place)
            result += text
        }
        return .string(result)
    }

    private func each(_ clause: Expression.ForClause, in scope: Scope, _ body: (Scope) throws -> Void) throws {
        let collection = try value(clause.collection, in: scope)
        let pairs: [(key: Value, value: Value)]
        switch collection {
        case .list(let values): pairs = values.enumerated().map { (.number(Number($0)), $1) }
        case .object(let members): pairs = members.inOrder.map { (.string($0.key), $0.value) }
        default:
            throw BakeError(
                "a `for` goes over a list or an object, not \(collection.kind)", at: clause.collection.place)
        }
        var scope = scope
        for pair in pairs {
            try spend(1, at: clause.collection.place)
            if let key = clause.key { scope.names[key] = pair.key }
            scope.names[clause.value] = pair.value
            if let condition = clause.condition, try !bool(condition, in: scope, "the condition") { continue }
            try body(scope)
        }
    }
}
