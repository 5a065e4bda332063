// The JSON form of HCL: https://github.com/hashicorp/hcl/blob/main/json/spec.md
//
// `{"target": {"app": {"tags": ["app:${TAG}"]}}}` is the block `target "app" { tags = ["app:${TAG}"] }`; every text is
// a template.

import OCI

/// Reads a file of the JSON form.
struct JSONBody {
    private indirect enum Node {
        case value(Expression)
        case list([Node], Place)
        case object([(name: String, place: Place, node: Node)], Place)

        var place: Place {
            switch self {
            case .value(let value): value.place
            case .list(_, let place), .object(_, let place): place
            }
        }
    }

    private var parser: HCLParser

    static func parse(_ file: BakeFile) throws(BakeError) -> Body {
        var reader = JSONBody(parser: HCLParser(file))
        let node = try reader.document()
        guard case .object = node else { throw BakeError("the file is no JSON object", at: node.place) }
        return try body(of: node) { $0 == "variable" || $0 == "function" || $0 == "target" || $0 == "group" }
    }

    // MARK: JSON

    private mutating func document() throws(BakeError) -> Node {
        parser.ignoresNewlines = true
        let node = try node()
        try skipSpace()
        guard parser.position == parser.end else { throw parser.unexpected("expected the end of the file") }
        return node
    }

    private mutating func skipSpace() throws(BakeError) {
        let start = parser.position
        try parser.skipSpace()
        let skipped = parser.bytes[start..<parser.position]
        if let comment = skipped.firstIndex(where: { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "/") }) {
            throw parser.error("JSON has no comments", at: comment, hint: "write a comment as a member \"//\": \"…\"")
        }
    }

    private mutating func node() throws(BakeError) -> Node {
        try skipSpace()
        let start = parser.position
        switch parser.byte {
        case UInt8(ascii: "{")?: return try object(from: start)
        case UInt8(ascii: "[")?: return try list(from: start)
        case UInt8(ascii: "\"")?:
            let text = try text()
            var template = HCLParser(text, at: parser.place(from: start))
            return .value(try template.wholeTemplate())
        default: return .value(try scalar(from: start))
        }
    }

    private mutating func object(from start: Int) throws(BakeError) -> Node {
        parser.position += 1
        var members: [(name: String, place: Place, node: Node)] = []
        try skipSpace()
        while !parser.take("}") {
            try skipSpace()
            let nameStart = parser.position
            guard parser.byte == UInt8(ascii: "\"") else { throw parser.unexpected("expected a name in quotes") }
            let name = try text()
            let place = parser.place(from: nameStart)
            try skipSpace()
            guard parser.take(":") else { throw parser.unexpected("expected `:`") }
            let value = try deeper()
            members.append((name, place, value))
            try skipSpace()
            if parser.take(",") { continue }
            guard parser.take("}") else { throw parser.unexpected("expected `,` or `}`") }
            break
        }
        return .object(members, parser.place(from: start))
    }

    private mutating func list(from start: Int) throws(BakeError) -> Node {
        parser.position += 1
        var nodes: [Node] = []
        try skipSpace()
        while !parser.take("]") {
            nodes.append(try deeper())
            try skipSpace()
            if parser.take(",") { continue }
            guard parser.take("]") else { throw parser.unexpected("expected `,` or `]`") }
            break
        }
        return .list(nodes, parser.place(from: start))
    }

    private var nesting = 0

    private init(parser: HCLParser) { self.parser = parser }

    private mutating func deeper() throws(BakeError) -> Node {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting < Expression.depthLimit else {
            throw parser.error("nested more than \(Expression.depthLimit) deep")
        }
        return try node()
    }

    private mutating func text() throws(BakeError) -> String {
        let start = parser.position
        var end = start + 1
        while end < parser.end, parser.bytes[end] != UInt8(ascii: "\""), parser.bytes[end] != UInt8(ascii: "\n") {
            end += parser.bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < parser.end, parser.bytes[end] == UInt8(ascii: "\"") else {
            throw parser.error("the text does not end on its line", at: start)
        }
        parser.position = end + 1
        do {
            let json = try JSON(parsing: Array(parser.bytes[start...end]))
            return json.stringValue ?? ""
        } catch {
            throw parser.error("the text is malformed: \(error.message)", at: start)
        }
    }

    private mutating func scalar(from start: Int) throws(BakeError) -> Expression {
        while let byte = parser.byte, !" \t\r\n,]}:".utf8.contains(byte) { parser.position += 1 }
        let text = String(decoding: parser.bytes[start..<parser.position], as: UTF8.self)
        guard !text.isEmpty else { throw parser.unexpected("expected a value") }
        guard let json = try? JSON(parsing: Array(text.utf8)) else {
            throw parser.error("`\(text)` is no JSON value", at: start)
        }
        return try Expression(.literal(Value(json)), at: parser.place(from: start))
    }

    // MARK: Bodies

    /// Members called as blocks are, `isBlock` says, hold a block for each label.
    private static func body(of node: Node, _ isBlock: (String) -> Bool) throws(BakeError) -> Body {
        var body = Body()
        guard case .object(let members, _) = node else {
            throw BakeError("expected an object", at: node.place)
        }
        for member in members where member.name != "//" {
            if member.name == "validation" {
                body.blocks += try validations(member.node, at: member.place)
            } else if isBlock(member.name) {
                for (label, place, node) in try labelled(member.node) {
                    body.blocks.append(
                        BodyBlock(
                            type: member.name, place: place, labels: [label],
                            body: try self.body(of: node) { _ in false }))
                }
            } else {
                body.attributes.append(
                    BodyAttribute(name: member.name, place: member.place, value: try expression(member.node)))
            }
        }
        return body
    }

    /// Blocks without a label.
    private static func validations(_ node: Node, at place: Place) throws(BakeError) -> [BodyBlock] {
        guard case .list(let nodes, _) = node else {
            return [
                BodyBlock(type: "validation", place: place, labels: [], body: try body(of: node) { _ in false })
            ]
        }
        var blocks: [BodyBlock] = []
        for node in nodes { blocks += try validations(node, at: place) }
        return blocks
    }

    private static func labelled(_ node: Node) throws(BakeError) -> [(String, Place, Node)] {
        var blocks: [(String, Place, Node)] = []
        switch node {
        case .object(let members, _):
            for member in members where member.name != "//" {
                if case .list(let nodes, _) = member.node {
                    for node in nodes { blocks.append((member.name, member.place, node)) }
                } else {
                    blocks.append((member.name, member.place, member.node))
                }
            }
        case .list(let nodes, _):
            for node in nodes { blocks += try labelled(node) }
        case .value(let value): throw BakeError("expected an object of blocks by name", at: value.place)
        }
        return blocks
    }

    private static func expression(_ node: Node) throws(BakeError) -> Expression {
        switch node {
        case .value(let value): return value
        case .list(let nodes, let place):
            var values: [Expression] = []
            for node in nodes { values.append(try expression(node)) }
            return try Expression(.list(values), at: place)
        case .object(let members, let place):
            var items: [Expression.Item] = []
            for member in members where member.name != "//" {
                var name = HCLParser(member.name, at: member.place)
                items.append(
                    Expression.Item(key: try name.wholeTemplate(), value: try expression(member.node)))
            }
            return try Expression(.object(items), at: place)
        }
    }
}
