extension YAMLReader {
    /// `[a, b]` and `{a: 1}`, over any number of lines.
    mutating func flow() throws(BakeError) -> YAMLNode {
        try nested { reader throws(BakeError) in
            let start = reader.position
            let isMap = reader.byte == UInt8(ascii: "{")
            let close = isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")
            reader.position += 1
            var nodes: [YAMLNode] = []
            var entries: [YAMLNode.Entry] = []
            while true {
                try reader.skipBlank()
                if reader.byte == close { break }
                guard reader.byte != nil else {
                    throw reader.error("the \(isMap ? "map" : "list") does not end", from: start)
                }
                if isMap { entries.append(try reader.flowEntry()) } else { nodes.append(try reader.flowValue()) }
                try reader.skipBlank()
                if reader.byte == UInt8(ascii: ",") {
                    reader.position += 1
                } else if reader.byte != nil, reader.byte != close {
                    throw reader.error("expected `,` or `\(isMap ? "}" : "]")`")
                }
            }
            reader.position += 1
            let place = reader.place(from: start)
            return isMap ? .map(try Self.merged(entries), place) : .list(nodes, place)
        }
    }

    private mutating func flowValue() throws(BakeError) -> YAMLNode {
        let anchor = try properties()
        let start = position
        let node: YAMLNode
        switch byte {
        case UInt8(ascii: "[")?, UInt8(ascii: "{")?: node = try flow()
        case UInt8(ascii: "*")?: node = try alias()
        case UInt8(ascii: "\"")?, UInt8(ascii: "'")?: node = .scalar(try quoted(), isPlain: false, place(from: start))
        default: node = .scalar(flowText(), isPlain: true, place(from: start))
        }
        return keep(try counted(node), as: anchor)
    }

    private mutating func flowText() -> String {
        let start = position
        while let byte, !Self.isNewline(byte), !",]}".utf8.contains(byte) {
            if byte == UInt8(ascii: ":"), Self.isSpace(self.byte(at: 1)) { break }
            if byte == UInt8(ascii: "#"), position > start, Self.isSpace(bytes[position - 1]) { break }
            position += 1
        }
        var end = position
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        return file.string(start..<end)
    }

    private mutating func flowEntry() throws(BakeError) -> YAMLNode.Entry {
        let start = position
        let name = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") ? try quoted() : flowText()
        let place = place(from: start)
        try skipBlank()
        guard byte == UInt8(ascii: ":") else {
            guard !name.isEmpty else { throw error("expected a key") }
            return YAMLNode.Entry(name: name, place: place, value: .scalar("", isPlain: true, place))
        }
        position += 1
        try skipBlank()
        if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") {
            return YAMLNode.Entry(name: name, place: place, value: .scalar("", isPlain: true, place))
        }
        return YAMLNode.Entry(name: name, place: place, value: try flowValue())
    }
}
