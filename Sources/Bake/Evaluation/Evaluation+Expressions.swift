extension Evaluation {
    func value(_ expression: Expression, in scope: Scope = Scope()) throws -> Value {
        try descending(at: expression.place) {
            try spend(1, at: expression.place)
            return try evaluated(expression, in: scope)
        }
    }

    private func evaluated(_ expression: Expression, in scope: Scope) throws -> Value {
        let place = expression.place
        switch expression.kind {
        case .literal(let value): return value
        case .template(let parts): return .string(try text(of: parts, in: scope, at: place))
        case .variable(let name): return try scope.names[name] ?? global(name, at: place)
        case .element: return scope.element ?? .null
        case .attribute(let value, let name): return try attribute(name, of: value, in: scope, at: place)
        case .index(let value, let index): return try element(index, of: value, in: scope, at: place)
        case .splat(let value, let each): return try splat(value, each, in: scope, at: place)
        case .call(let name, let arguments, let expandsLast):
            return try call(name, arguments, expandsLast: expandsLast, in: scope, at: place)
        case .list(let values):
            return try measured(.list(try values.map { try self.value($0, in: scope) }), at: place)
        case .object(let items): return try object(items, in: scope, at: place)
        case .forList(let clause, let value): return try list(clause, value, in: scope, at: place)
        case .forObject(let clause, let key, let value, let groups):
            return try object(clause, key, value, groups: groups, in: scope, at: place)
        case .forText(let clause, let value): return try text(clause, value, in: scope, at: place)
        case .conditional(let condition, let then, let otherwise):
            return try value(try bool(condition, in: scope, "the condition") ? then : otherwise, in: scope)
        case .not(let value): return .bool(!(try bool(value, in: scope, "the operand of !")))
        case .negation(let operand):
            let number = try number(operand, in: scope, "the operand of -")
            return try Arithmetic.value(.subtract, .whole(0), number, at: place)
        case .binary(let symbol, let left, let right):
            return try operation(symbol, left, right, in: scope, at: place)
        }
    }

    // MARK: Kinds

    func bool(_ expression: Expression, in scope: Scope, _ what: String) throws -> Bool {
        let value = try value(expression, in: scope)
        guard let bool = value.asBool else {
            throw BakeError("\(what) is \(value.kind), not a bool", at: expression.place)
        }
        return bool
    }

    private func number(_ expression: Expression, in scope: Scope, _ what: String) throws -> Number {
        let value = try value(expression, in: scope)
        guard let number = value.asNumber else {
            throw BakeError("\(what) is \(value.kind), not a number", at: expression.place)
        }
        return number
    }

    private func operation(
        _ symbol: Expression.Operator, _ left: Expression, _ right: Expression, in scope: Scope, at place: Place
    ) throws -> Value {
        let what = "an operand of \(symbol.rawValue)"
        switch symbol {
        case .or: return .bool(try bool(left, in: scope, what) || bool(right, in: scope, what))
        case .and: return .bool(try bool(left, in: scope, what) && bool(right, in: scope, what))
        case .equal: return .bool(try value(left, in: scope) == value(right, in: scope))
        case .notEqual: return .bool(try value(left, in: scope) != value(right, in: scope))
        default:
            return try Arithmetic.value(
                symbol, try number(left, in: scope, what), try number(right, in: scope, what), at: place)
        }
    }

    // MARK: Parts

    private func attribute(
        _ name: String, of value: Expression, in scope: Scope, at place: Place
    ) throws -> Value {
        if let reference = try reference(value, in: scope) {
            return try attribute(name, of: reference, at: place)
        }
        return try member(name, of: try self.value(value, in: scope), at: place)
    }

    func member(_ name: String, of value: Value, at place: Place) throws -> Value {
        guard case .object(let members) = value else {
            throw BakeError("\(value.kind) has no attribute `\(name)`", at: place)
        }
        guard let member = members[name] else {
            throw BakeError(
                "there is no attribute `\(name)` here", at: place, hint: Spelling.hint(for: name, among: members.keys))
        }
        return member
    }

    private func element(
        _ index: Expression, of value: Expression, in scope: Scope, at place: Place
    ) throws -> Value {
        let key = try self.value(index, in: scope)
        if let reference = try reference(value, in: scope), let name = key.text {
            return try attribute(name, of: reference, at: place)
        }
        let value = try self.value(value, in: scope)
        guard case .list(let values) = value else {
            guard let name = key.text else { throw BakeError("the index is \(key.kind)", at: index.place) }
            return try member(name, of: value, at: place)
        }
        guard let number = key.asNumber?.int, values.indices.contains(number) else {
            throw BakeError(
                "the index \(key.text.map { "`\($0)`" } ?? key.kind) is not in a list of \(values.count)",
                at: index.place)
        }
        return values[number]
    }

    private func splat(_ value: Expression, _ each: Expression, in scope: Scope, at place: Place) throws -> Value {
        let source = try self.value(value, in: scope)
        let values: [Value]
        switch source {
        case .null: values = []
        case .list(let elements): values = elements
        default: values = [source]
        }
        var scope = scope
        return try measured(
            .list(
                try values.map { element in
                    scope.element = element
                    return try self.value(each, in: scope)
                }), at: place)
    }

    private func object(_ items: [Expression.Item], in scope: Scope, at place: Place) throws -> Value {
        var members: [String: Value] = [:]
        for item in items {
            members[try text(item.key, in: scope, "the key")] = try value(item.value, in: scope)
        }
        return try measured(.object(members), at: place)
    }

    func text(_ expression: Expression, in scope: Scope, _ what: String) throws -> String {
        let value = try value(expression, in: scope)
        guard let text = value.text else {
            throw BakeError("\(what) is \(value.kind), not a string", at: expression.place)
        }
        return text
    }

    private func text(of parts: [Expression], in scope: Scope, at place: Place) throws -> String {
        var result = ""
        for part in parts {
            let text = try text(part, in: scope, "a part of the text")
            try spend(text: text.utf8.count, at: place)
            result += text
        }
        return result
    }
}

/// Operators on numbers.
enum Arithmetic {
    static func value(_ symbol: Expression.Operator, _ a: Number, _ b: Number, at place: Place) throws -> Value {
        switch symbol {
        case .less: return .bool(a < b)
        case .greater: return .bool(b < a)
        case .lessOrEqual: return .bool(!(b < a))
        case .greaterOrEqual: return .bool(!(a < b))
        default: break
        }
        if symbol == .divide || symbol == .modulo, b.double == 0 { throw BakeError("division by zero", at: place) }
        guard let result = number(symbol, a, b) else {
            throw BakeError("the result of \(symbol.rawValue) is no finite number", at: place)
        }
        return .number(result)
    }

    private static func number(_ symbol: Expression.Operator, _ a: Number, _ b: Number) -> Number? {
        switch symbol {
        case .add: .combine(a, b, { $0.addingReportingOverflow($1) }, +)
        case .subtract: .combine(a, b, { $0.subtractingReportingOverflow($1) }, -)
        case .multiply: .combine(a, b, { $0.multipliedReportingOverflow(by: $1) }, *)
        case .divide:
            .combine(
                a, b,
                {
                    $0.remainderReportingOverflow(dividingBy: $1).partialValue == 0
                        ? $0.dividedReportingOverflow(by: $1) : (0, true)
                }, /)
        case .modulo:
            .combine(a, b, { $0.remainderReportingOverflow(dividingBy: $1) }) {
                $0.truncatingRemainder(dividingBy: $1)
            }
        default: nil
        }
    }
}
