extension HCLParser {
    mutating func body(isFile: Bool) throws(BakeError) -> Body {
        var body = Body()
        var names: Set<String> = []
        while true {
            try skipLines()
            if position == end {
                guard isFile else { throw error("the block does not end", at: end, hint: "close it with }") }
                return body
            }
            if byte == UInt8(ascii: "}") {
                guard !isFile else { throw error("there is no block to close here") }
                return body
            }
            try entry(of: &body, &names)
            try skipSpace()
            guard position == end || byte == UInt8(ascii: "\n") || (!isFile && byte == UInt8(ascii: "}")) else {
                throw unexpected("expected the end of the line")
            }
        }
    }

    private mutating func entry(of body: inout Body, _ names: inout Set<String>) throws(BakeError) {
        let start = position
        guard let name = name() else {
            throw unexpected("expected the name of an attribute or a block")
        }
        let place = place(from: start)
        try skipSpace()
        if byte == UInt8(ascii: "="), !starts(with: "==") {
            position += 1
            if !names.insert(name).inserted { throw BakeError("`\(name)` is set twice here", at: place) }
            body.attributes.append(BodyAttribute(name: name, place: place, value: try expression()))
        } else {
            body.blocks.append(try block(name, from: start))
        }
    }

    private mutating func block(_ type: String, from start: Int) throws(BakeError) -> BodyBlock {
        var labels: [String] = []
        var place = place(from: start)
        while try !takeNext("{") {
            let label = position
            if let name = name() {
                labels.append(name)
            } else if byte == UInt8(ascii: "\"") {
                let value = try quotedTemplate()
                guard case .literal(.string(let text)) = value.kind else {
                    throw error("a label is plain text", at: label)
                }
                labels.append(text)
            } else {
                let hint = labels.isEmpty ? "write `\(type) = …` for an attribute" : nil
                guard position < end else { throw error("the block `\(type)` has no body", at: start, hint: hint) }
                throw error("expected `=`, a label or `{` after `\(type)`", hint: hint)
            }
            place = self.place(from: start)
        }
        let body = try withNewlines(ignored: false) { parser throws(BakeError) in try parser.body(isFile: false) }
        position += 1
        return BodyBlock(type: type, place: place, labels: labels, body: body)
    }
}
