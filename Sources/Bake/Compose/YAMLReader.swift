// YAML 1.2 (https://yaml.org/spec/1.2.2/) as compose files use it: block and flow collections, all styles of scalars,
// anchors, aliases and `<<`. Refused: several documents, keys that are no text, `?`.

/// Reads one document.
struct YAMLReader {
    let file: BakeFile
    let bytes: [UInt8]
    var position = 0
    private var anchors: [String: YAMLNode] = [:]
    private var depth = 0
    private var weight = 0

    private static let depthLimit = 50
    private static let weightLimit = 20_000

    static func parse(_ file: BakeFile) throws(BakeError) -> YAMLNode {
        var reader = YAMLReader(file)
        return try reader.document()
    }

    private init(_ file: BakeFile) {
        self.file = file
        bytes = file.bytes
    }

    private mutating func document() throws(BakeError) -> YAMLNode {
        try skipBlank()
        while byte == UInt8(ascii: "%") {
            skipLine()
            try skipBlank()
        }
        if isMarker("---") {
            position += 3
            try skipBlank()
        }
        guard position < bytes.count, !isMarker("...") else { return .map([], place(from: 0)) }
        let node = try block(parent: -1)
        try skipBlank()
        if isMarker("...") {
            position += 3
            try skipBlank()
        }
        guard position == bytes.count else {
            throw error(isMarker("---") ? "a second document" : "unexpected text; is the indentation right?")
        }
        return node
    }

    // MARK: Characters

    var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    func byte(at offset: Int) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    static func isSpace(_ byte: UInt8?) -> Bool {
        byte == nil || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || isNewline(byte)
    }

    static func isNewline(_ byte: UInt8?) -> Bool {
        byte == nil || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    func place(from start: Int) -> Place { Place(file: file, offsets: start..<max(start, position)) }

    func error(_ message: String, from start: Int? = nil, hint: String? = nil) -> BakeError {
        let start = min(start ?? position, bytes.count)
        let end = min(bytes.count, max(start + 1, position))
        return BakeError(message, at: Place(file: file, offsets: start..<end), hint: hint)
    }

    /// Of the line that `position` is on, from 0.
    var column: Int {
        var start = position
        while start > 0, bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return position - start
    }

    private func isMarker(_ text: StaticString) -> Bool {
        column == 0 && bytes[position...].starts(with: "\(text)".utf8) && Self.isSpace(byte(at: 3))
    }

    mutating func skipSpaces() {
        while byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    mutating func skipLine() {
        while let byte, byte != UInt8(ascii: "\n") { position += 1 }
    }

    /// Up to the next thing that means something, on whatever line.
    mutating func skipBlank() throws(BakeError) {
        var tab: Int?
        var isIndentation = position == 0 || bytes[position - 1] == UInt8(ascii: "\n")
        while let byte {
            if byte == UInt8(ascii: "#"), position == 0 || Self.isSpace(bytes[position - 1]) {
                skipLine()
                tab = nil
                continue
            }
            guard Self.isSpace(byte) else { break }
            if byte == UInt8(ascii: "\n") { (tab, isIndentation) = (nil, true) }
            if byte == UInt8(ascii: "\t"), isIndentation, tab == nil { tab = position }
            position += 1
        }
        if let tab, position < bytes.count {
            throw error("a tab in the indentation", from: tab, hint: "indent with spaces")
        }
    }

    // MARK: Bounds

    mutating func counted(_ node: YAMLNode, _ count: Int = 1) throws(BakeError) -> YAMLNode {
        weight += count
        guard weight <= Self.weightLimit else {
            throw BakeError("the file has more than \(Self.weightLimit) values", at: node.place)
        }
        return node
    }

    mutating func nested<Result>(
        _ body: (inout YAMLReader) throws(BakeError) -> Result
    ) throws(BakeError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw error("nested more than \(Self.depthLimit) deep") }
        return try body(&self)
    }

    // MARK: Anchors

    /// `&name` and tags before a value. Tags of the core schema say nothing that the reader of the value does not know.
    mutating func properties() throws(BakeError) -> String? {
        var anchor: String?
        while byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") {
            let start = position
            while !Self.isSpace(byte) { position += 1 }
            let text = file.string(start..<position)
            if text.hasPrefix("&") {
                anchor = String(text.dropFirst())
            } else if !text.hasPrefix("!!") {
                throw error("the tag `\(text)` is not supported", from: start)
            }
            skipSpaces()
        }
        return anchor
    }

    mutating func keep(_ node: YAMLNode, as anchor: String?) -> YAMLNode {
        if let anchor { anchors[anchor] = node }
        return node
    }

    mutating func alias() throws(BakeError) -> YAMLNode {
        let start = position
        position += 1
        while let byte, !Self.isSpace(byte), !",]}".utf8.contains(byte) { position += 1 }
        let name = file.string(start + 1..<position)
        guard let node = anchors[name] else { throw error("there is no anchor `\(name)`", from: start) }
        return try counted(node, node.weight)
    }

    /// With what `<<` brings in, unless it is said here.
    static func merged(_ entries: [YAMLNode.Entry]) throws(BakeError) -> [YAMLNode.Entry] {
        var result = entries.filter { $0.name != "<<" }
        for merge in entries where merge.name == "<<" {
            let maps: [YAMLNode]
            if case .list(let nodes, _) = merge.value { maps = nodes } else { maps = [merge.value] }
            for map in maps {
                guard let more = map.entries else { throw BakeError("`<<` merges maps only", at: merge.place) }
                for entry in more where !result.contains(where: { $0.name == entry.name }) { result.append(entry) }
            }
        }
        return result
    }
}
