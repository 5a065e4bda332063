package import OCI

/// A value of the language. Sets are lists without duplicates, in order; maps are objects.
package enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Number)
    case string(String)
    case list([Value])
    case object([String: Value])
}

extension Value {
    /// What messages call it.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a bool"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// Of a primitive: its text.
    package var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .number(let value): value.description
        case .string(let value): value
        case .null, .list, .object: nil
        }
    }

    var asNumber: Number? {
        switch self {
        case .number(let value): value
        case .string(let text): Number(text)
        default: nil
        }
    }

    var asBool: Bool? {
        switch self {
        case .bool(let value): value
        case .string("true"), .string("1"): true
        case .string("false"), .string("0"): false
        default: nil
        }
    }

    /// What a `for` or a splat goes over.
    var elements: [Value]? {
        switch self {
        case .list(let values): values
        case .object(let members): members.inOrder.map(\.value)
        default: nil
        }
    }

    package var json: JSON {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(.whole(let value)): return .integer(Int64(value))
        case .number(let value): return .number(value.description)
        case .string(let value): return .string(value)
        case .list(let values): return .array(values.map(\.json))
        case .object(let members):
            var object = JSONObject()
            for (name, value) in members.inOrder { object[name] = value.json }
            return .object(object)
        }
    }

    init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .number(Number(Int(value)))
        case .number(let text): self = Number(text).map(Value.number) ?? .string(text)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(values.map(Value.init))
        case .object(let object):
            self = .object(Dictionary(object.members.map { ($0.name, Value($0.value)) }) { $1 })
        }
    }
}

extension Dictionary where Key == String {
    /// By name, bytewise.
    var inOrder: [(key: String, value: Value)] {
        sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}

extension Sequence where Element == String {
    func inOrder() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}

extension Sequence where Element: Hashable {
    /// Without what was there before.
    func distinct() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
