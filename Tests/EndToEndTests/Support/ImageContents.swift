import Foundation

/// What `flatten.py` tells about an image.
struct ImageContents: Decodable {
    let config: JSONText
    let layers: [String]
    let tree: [String: String]

    /// The members of the runtime configuration that say something.
    var runtime: [String: JSONText] { (config["config"]?.members ?? [:]).filter { !$0.value.isEmpty } }

    /// Entries of the history and how many of them made a layer.
    var history: (count: Int, layers: Int) {
        let entries = config["history"]?.elements ?? []
        return (entries.count, entries.count { $0["empty_layer"] == nil })
    }

    /// What it has that `base` has not, has otherwise, or has and this has not.
    func changes(from base: ImageContents?) -> [String: String] {
        var changes = tree.filter { base?.tree[$0.key] != $0.value }
        for path in base?.tree.keys ?? [:].keys where tree[path] == nil { changes[path] = "absent" }
        return changes
    }
}

/// Any JSON, for comparison.
indirect enum JSONText: Hashable, Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONText])
    case object([String: JSONText])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let string = try? container.decode(String.self) {
            self = .string(string)
        } else if let array = try? container.decode([JSONText].self) {
            self = .array(array)
        } else {
            self = .object(try container.decode([String: JSONText].self))
        }
    }

    var elements: [JSONText] { if case .array(let elements) = self { elements } else { [] } }
    var members: [String: JSONText] { if case .object(let members) = self { members } else { [:] } }
    subscript(name: String) -> JSONText? { members[name] }

    /// What Docker's own structures write for a member that is not set.
    var isEmpty: Bool {
        switch self {
        case .null, .bool(false), .string(""): true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .integer(let integer): "\(integer)"
        case .string(let string): "\"\(string)\""
        case .array(let elements): "[\(elements.map(\.description).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", "))}"
        }
    }
}
