import YAML

/// A value of a device specification's text, JSON or YAML, and where it is.
struct SpecificationNode: Hashable, Sendable {
    indirect enum Content: Hashable, Sendable {
        case null
        case scalar(String)
        case sequence([SpecificationNode])
        case mapping([Member])
    }

    struct Member: Hashable, Sendable {
        let name: String
        let value: SpecificationNode
    }

    let line: Int
    let content: Content
}

extension SpecificationNode {
    static func parse(_ bytes: [UInt8]) throws(SpecificationFault) -> SpecificationNode {
        let root: YAMLNode?
        do {
            root = try YAMLNode.parse(bytes)
        } catch {
            throw SpecificationFault(line: error.place.line, message: "\(error)")
        }
        guard let root else { throw SpecificationFault(line: 1, message: "the file is empty") }
        return try SpecificationNode(root)
    }

    private init(_ node: YAMLNode) throws(SpecificationFault) {
        line = node.place.line
        guard node.tag.isEmpty else {
            throw SpecificationFault(line: line, message: "type tags such as `\(node.tag)` are not understood here")
        }
        switch node.content {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.text)
            content = isNull ? .null : .scalar(scalar.text)
        case .sequence(let nodes):
            var items: [SpecificationNode] = []
            for node in nodes { items.append(try SpecificationNode(node)) }
            content = .sequence(items)
        case .mapping(let entries):
            var members: [Member] = []
            for entry in entries {
                guard !entry.isMerge else {
                    throw SpecificationFault(line: entry.place.line, message: "`<<` is not understood here")
                }
                members.append(Member(name: entry.name, value: try SpecificationNode(entry.value)))
            }
            content = .mapping(members)
        }
    }
}

/// What is wrong with a device specification.
struct SpecificationFault: Error, Hashable, Sendable {
    let line: Int
    let message: String
}

/// The members of a mapping, each taken once; what nobody takes is unknown.
struct SpecificationMembers {
    private var members: [SpecificationNode.Member]
    private let line: Int
    private let what: String

    /// `what` names the mapping in messages.
    init(_ node: SpecificationNode, _ what: String) throws(SpecificationFault) {
        guard case .mapping(let members) = node.content else {
            throw SpecificationFault(line: node.line, message: "\(what) is no mapping")
        }
        self.members = members
        line = node.line
        self.what = what
    }

    /// nil for one that is missing or null.
    mutating func take(_ name: String) -> SpecificationNode? {
        guard let index = members.firstIndex(where: { $0.name == name }) else { return nil }
        let node = members.remove(at: index).value
        return node.content == .null ? nil : node
    }

    mutating func required(_ name: String) throws(SpecificationFault) -> SpecificationNode {
        if let node = take(name) { return node }
        throw SpecificationFault(line: line, message: "\(what) has no `\(name)`")
    }

    func finish() throws(SpecificationFault) {
        guard let unknown = members.first else { return }
        throw SpecificationFault(line: unknown.value.line, message: "unknown member `\(unknown.name)` of \(what)")
    }
}

extension SpecificationNode {
    func text(_ what: String) throws(SpecificationFault) -> String {
        guard case .scalar(let text) = content, !text.utf8.contains(0) else {
            throw SpecificationFault(line: line, message: "\(what) is no text")
        }
        return text
    }

    func items(_ what: String) throws(SpecificationFault) -> [SpecificationNode] {
        guard case .sequence(let items) = content else {
            throw SpecificationFault(line: line, message: "\(what) is no list")
        }
        return items
    }

    /// Decimal, or octal with a zero in front as YAML has it.
    func number(_ what: String, upTo limit: UInt32 = .max) throws(SpecificationFault) -> UInt32 {
        let text = try text(what)
        var number = UInt32(text)
        if text.hasPrefix("0o") { number = UInt32(text.dropFirst(2), radix: 8) }
        if text.hasPrefix("0"), text.count > 1, number != nil { number = UInt32(text, radix: 8) ?? number }
        guard let number, !text.hasPrefix("+"), number <= limit else {
            throw SpecificationFault(line: line, message: "\(what) is no number up to \(limit): `\(text)`")
        }
        return number
    }

    /// An absolute path of the host or the container, without `.` and `..`, not the root itself.
    func path(_ what: String) throws(SpecificationFault) -> String {
        let text = try text(what)
        let components = text.split(separator: "/")
        guard text.hasPrefix("/"), !components.isEmpty, !components.contains(where: { $0 == "." || $0 == ".." }) else {
            throw SpecificationFault(
                line: line, message: "\(what) `\(text)` is no absolute path below `/` without `.` and `..`")
        }
        return "/" + components.joined(separator: "/")
    }
}
