import OCI

/// The type a variable declares: `string`, `list(number)`, `object({ name = string, port = optional(number) })`.
indirect enum ValueType: Sendable {
    case any, string, number, bool
    case list(ValueType)
    case set(ValueType)
    case map(ValueType)
    case tuple([ValueType])
    case object([String: (type: ValueType, isOptional: Bool)])

    init(parsing expression: Expression, depth: Int = 0) throws {
        switch expression.kind {
        case .variable(let name): self = try Self.named(name, at: expression.place)
        // Of JSON files: the expression as text.
        case .literal(.string(let text)) where depth == 0:
            var parser = HCLParser(text, at: expression.place)
            self = try ValueType(parsing: try parser.expression(), depth: 1)
        case .call(let name, let arguments, _) where arguments.count == 1:
            self = try Self.constructed(name, arguments[0], at: expression.place, depth: depth)
        default: throw Self.malformed(expression.place)
        }
    }

    private static func malformed(_ place: Place) -> BakeError {
        BakeError(
            "this is no type", at: place,
            hint: "the types are: any, string, number, bool, list(…), set(…), map(…), tuple([…]), object({…})")
    }

    private static func named(_ name: String, at place: Place) throws -> ValueType {
        switch name {
        case "any": .any
        case "string": .string
        case "number": .number
        case "bool": .bool
        case "list": .list(.any)
        case "set": .set(.any)
        case "map": .map(.any)
        default: throw malformed(place)
        }
    }

    private static func constructed(
        _ name: String, _ argument: Expression, at place: Place, depth: Int
    ) throws -> ValueType {
        let depth = depth + 1
        switch (name, argument.kind) {
        case ("list", _): return .list(try ValueType(parsing: argument, depth: depth))
        case ("set", _): return .set(try ValueType(parsing: argument, depth: depth))
        case ("map", _): return .map(try ValueType(parsing: argument, depth: depth))
        case ("tuple", .list(let types)):
            return .tuple(try types.map { try ValueType(parsing: $0, depth: depth) })
        case ("object", .object(let items)):
            var members: [String: (type: ValueType, isOptional: Bool)] = [:]
            for item in items {
                guard let name = item.key.keyword else { throw malformed(item.key.place) }
                if case .call("optional", let arguments, _) = item.value.kind, arguments.count == 1 {
                    members[name] = (try ValueType(parsing: arguments[0], depth: depth), true)
                } else {
                    members[name] = (try ValueType(parsing: item.value, depth: depth), false)
                }
            }
            return .object(members)
        default: throw malformed(place)
        }
    }

    /// What a value without a declared type shows.
    init(of value: Value) {
        switch value {
        case .null, .string: self = .string
        case .bool: self = .bool
        case .number: self = .number
        case .list(let values):
            let types = values.map { ValueType(of: $0) }
            self = .list(
                types.first.map { first in types.allSatisfy { $0.name == first.name } ? first : .any } ?? .string)
        case .object: self = .map(.any)
        }
    }

    var name: String {
        switch self {
        case .any: "any"
        case .string: "string"
        case .number: "number"
        case .bool: "bool"
        case .list(let type): "list(\(type.name))"
        case .set(let type): "set(\(type.name))"
        case .map(let type): "map(\(type.name))"
        case .tuple(let types): "tuple([\(types.map(\.name).joined(separator: ", "))])"
        case .object(let members): "object({\(members.keys.inOrder().joined(separator: ", "))})"
        }
    }

    // MARK: Conversion

    func convert(_ value: Value, at place: Place) throws -> Value {
        if value == .null { return .null }
        switch (self, value) {
        case (.any, _): return value
        case (.string, _): return try .string(value.text ?? refuse(value, place))
        case (.number, _): return try .number(value.asNumber ?? refuse(value, place))
        case (.bool, _): return try .bool(value.asBool ?? refuse(value, place))
        case (.list(let type), .list(let values)): return .list(try values.map { try type.convert($0, at: place) })
        case (.set(let type), .list(let values)):
            return .list(Self.ordered(try values.map { try type.convert($0, at: place) }))
        case (.map(let type), .object(let members)):
            return .object(try members.mapValues { try type.convert($0, at: place) })
        case (.tuple(let types), .list(let values)) where types.count == values.count:
            return .list(try zip(types, values).map { try $0.convert($1, at: place) })
        case (.object(let types), .object(let members)):
            var result: [String: Value] = [:]
            for (name, (type, isOptional)) in types {
                guard let member = members[name] ?? (isOptional ? .null : nil) else {
                    throw BakeError("the object has no `\(name)`, which its type asks for", at: place)
                }
                result[name] = try type.convert(member, at: place)
            }
            return .object(result)
        default: return try refuse(value, place)
        }
    }

    private func refuse<Result>(_ value: Value, _ place: Place) throws -> Result {
        throw BakeError("\(value.text.map { "`\($0)`" } ?? value.kind) is no \(name)", at: place)
    }

    /// A set's elements: each once, texts in bytewise order, numbers by size.
    static func ordered(_ values: [Value]) -> [Value] {
        values.distinct().sorted { a, b in
            if case .number(let a) = a, case .number(let b) = b { return a < b }
            return (a.text ?? "").utf8.lexicographicallyPrecedes((b.text ?? "").utf8)
        }
    }
}

/// Text from outside as the value of a variable.
struct VariableText {
    let name: String
    let place: Place

    func value(_ given: BakeEnvironment.Given, of type: ValueType) throws -> Value {
        switch given {
        case .json(let text): return try json(text, of: type)
        case .text(let text):
            switch type {
            case .any, .string: return .string(text)
            case .number: return try converted(.string(text), type)
            case .bool:
                guard let value = BoolText.value(text) else { return try converted(.string(text), type) }
                return .bool(value)
            case .list, .set, .tuple:
                return try converted(.list(text.isEmpty ? [] : try fields(of: text).map(Value.string)), type)
            case .map, .object: return try json(text, of: type)
            }
        }
    }

    private func fields(of text: String) throws -> [String] {
        guard let fields = CommaSeparated.fields(of: text) else {
            throw BakeError("the value given for `\(name)` has a quote that does not end", at: place)
        }
        return fields
    }

    private func json(_ text: String, of type: ValueType) throws -> Value {
        let value: JSON
        do { value = try JSON(parsing: Array(text.utf8)) } catch {
            throw BakeError("the value given for `\(name)`, a \(type.name), is no JSON: \(error.message)", at: place)
        }
        return try converted(Value(value), type)
    }

    private func converted(_ value: Value, _ type: ValueType) throws -> Value {
        do { return try type.convert(value, at: place) } catch let error as BakeError {
            throw BakeError("the value given for `\(name)` does not fit: \(error.message)", at: place)
        }
    }
}

/// The spellings of a bool on command lines and in the environment; nil for any other text.
enum BoolText {
    static func value(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
