/// Collections by indentation.
extension YAMLReader {
    /// The value that starts here; its lines are indented more than `parent`.
    mutating func block(parent: Int) throws(BakeError) -> YAMLNode {
        try nested { reader throws(BakeError) in
            let anchor = try reader.properties()
            if Self.isNewline(reader.byte) { try reader.skipBlank() }
            let column = reader.column
            let node: YAMLNode
            if reader.startsItem {
                node = try reader.sequence(at: column)
            } else if try reader.startsEntry() {
                node = try reader.mapping(at: column)
            } else {
                node = try reader.scalarOrFlow(parent: parent)
            }
            return reader.keep(try reader.counted(node), as: anchor)
        }
    }

    private var startsItem: Bool { byte == UInt8(ascii: "-") && Self.isSpace(byte(at: 1)) }

    /// Whether a key with its colon stands here; nothing is taken.
    private mutating func startsEntry() throws(BakeError) -> Bool {
        let start = position
        defer { position = start }
        if byte == UInt8(ascii: "?"), Self.isSpace(byte(at: 1)) { throw error("a key is plain text") }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            _ = try quoted()
            skipSpaces()
            return byte == UInt8(ascii: ":") && Self.isSpace(byte(at: 1))
        }
        if let byte, "[{|>*&!#%@`".utf8.contains(byte) { return false }
        while let byte, !Self.isNewline(byte) {
            if byte == UInt8(ascii: ":"), Self.isSpace(self.byte(at: 1)) { return true }
            if byte == UInt8(ascii: "#"), position > start, Self.isSpace(bytes[position - 1]) { return false }
            position += 1
        }
        return false
    }

    private mutating func sequence(at column: Int) throws(BakeError) -> YAMLNode {
        let start = position
        var nodes: [YAMLNode] = []
        var end = start
        while position < bytes.count, self.column == column, startsItem {
            position += 1
            nodes.append(try value(parent: column, isItem: true))
            end = position
            try skipBlank()
        }
        if self.column > column, position < bytes.count { throw error("the line is indented more than the list") }
        return .list(nodes, Place(file: file, offsets: start..<end))
    }

    private mutating func mapping(at column: Int) throws(BakeError) -> YAMLNode {
        let start = position
        var entries: [YAMLNode.Entry] = []
        var names: Set<String> = []
        var end = start
        while position < bytes.count, self.column == column, !startsItem, try startsEntry() {
            let keyStart = position
            let name = try key()
            let place = place(from: keyStart)
            if name != "<<", !names.insert(name).inserted {
                throw BakeError("the key `\(name)` is given twice", at: place)
            }
            position += 1
            entries.append(YAMLNode.Entry(name: name, place: place, value: try value(parent: column, isItem: false)))
            end = position
            try skipBlank()
        }
        if self.column > column, position < bytes.count { throw error("the line is indented more than its key") }
        return .map(try Self.merged(entries), Place(file: file, offsets: start..<end))
    }

    private mutating func key() throws(BakeError) -> String {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            let text = try quoted()
            skipSpaces()
            return text
        }
        let start = position
        while byte != UInt8(ascii: ":") || !Self.isSpace(byte(at: 1)) { position += 1 }
        var end = position
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        return file.string(start..<end)
    }

    /// After a colon or a dash.
    private mutating func value(parent: Int, isItem: Bool) throws(BakeError) -> YAMLNode {
        let start = position
        skipSpaces()
        if !Self.isNewline(byte), byte != UInt8(ascii: "#") {
            if isItem { return try block(parent: parent) }
            let anchor = try properties()
            if !Self.isNewline(byte), byte != UInt8(ascii: "#") {
                return keep(try counted(try scalarOrFlow(parent: parent)), as: anchor)
            }
            return keep(try nextLines(parent, isItem: false, from: start), as: anchor)
        }
        return try nextLines(parent, isItem: isItem, from: start)
    }

    /// What stands on the following lines; nothing is null. A list under a key need not be indented.
    private mutating func nextLines(_ parent: Int, isItem: Bool, from start: Int) throws(BakeError) -> YAMLNode {
        let empty = Place(file: file, offsets: start..<position)
        let before = position
        try skipBlank()
        guard position < bytes.count, column > parent || (column == parent && !isItem && startsItem) else {
            position = before
            return try counted(.scalar("", isPlain: true, empty))
        }
        return try block(parent: parent)
    }
}
