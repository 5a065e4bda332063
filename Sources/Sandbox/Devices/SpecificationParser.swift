/// Reads the part of YAML 1.2 (https://yaml.org/spec/1.2.2/) that device specifications are written in, and with it JSON:
/// mappings and sequences in block and flow style, scalars on one line. Anchors, aliases, tags, several documents and
/// text over several lines are refused, names given twice as well.
struct SpecificationParser {
    let bytes: [UInt8]
    var position = 0
    private var line = 1
    private var lineStart = 0

    static func parse(_ bytes: [UInt8]) throws(SpecificationFault) -> SpecificationNode {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw SpecificationFault(line: 1, message: "the file is not UTF-8")
        }
        var parser = SpecificationParser(bytes)
        return try parser.document()
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes[3...]) : bytes }

    private mutating func document() throws(SpecificationFault) -> SpecificationNode {
        try skipToContent()
        if isMarker("---") {
            position += 3
            try skipToContent()
        }
        guard position < bytes.count else { throw fault("the file is empty") }
        let node = try block(depth: 0)
        try skipToContent()
        if isMarker("...") {
            position += 3
            try skipToContent()
        }
        guard position == bytes.count else {
            throw fault(isMarker("---") ? "more than one document" : "unexpected text or indentation")
        }
        return node
    }

    // MARK: Blocks

    /// A collection whose first entry is here, or a scalar.
    private mutating func block(depth: Int) throws(SpecificationFault) -> SpecificationNode {
        try check(depth)
        let (indent, line) = (column, line)
        if isIndicator("-") { return try sequence(at: indent, depth) }
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { return try inline(depth) }
        let (text, isPlain) = try scalar(inFlow: false)
        skipBlanks()
        if isIndicator(":") { return try mapping(at: indent, first: text, depth) }
        try endLine()
        return SpecificationNode(line: line, content: isPlain ? Self.content(ofPlain: text) : .scalar(text))
    }

    private mutating func sequence(at indent: Int, _ depth: Int) throws(SpecificationFault) -> SpecificationNode {
        let start = line
        var items: [SpecificationNode] = []
        while position < bytes.count, column == indent, isIndicator("-") {
            position += 1
            items.append(try entry(below: indent, isOfName: false, depth))
            try skipToContent()
        }
        return SpecificationNode(line: start, content: .sequence(items))
    }

    /// The colon after the first name is here.
    private mutating func mapping(
        at indent: Int, first: String, _ depth: Int
    ) throws(SpecificationFault) -> SpecificationNode {
        let start = line
        var members: [SpecificationNode.Member] = []
        var name = first
        while true {
            if members.contains(where: { $0.name == name }) { throw fault("`\(name)` is given twice") }
            position += 1
            members.append(.init(name: name, value: try entry(below: indent, isOfName: true, depth)))
            try skipToContent()
            guard position < bytes.count, column == indent, !isMarker("---"), !isMarker("...") else { break }
            if isIndicator("-") { throw fault("unexpected `-`") }
            (name, _) = try scalar(inFlow: false)
            skipBlanks()
            guard isIndicator(":") else { throw fault("expected `:` after `\(name)`") }
        }
        return SpecificationNode(line: start, content: .mapping(members))
    }

    /// What follows a `-` or a name's `:`.
    private mutating func entry(
        below indent: Int, isOfName: Bool, _ depth: Int
    ) throws(SpecificationFault) -> SpecificationNode {
        let start = line
        skipBlanks()
        try skipToContent()
        if position < bytes.count, line == start { return isOfName ? try inline(depth) : try block(depth: depth + 1) }
        guard position < bytes.count, column > indent || isOfName && column == indent && isIndicator("-") else {
            return SpecificationNode(line: start, content: .null)
        }
        return try block(depth: depth + 1)
    }

    /// A flow collection or a scalar up to the end of the line.
    private mutating func inline(_ depth: Int) throws(SpecificationFault) -> SpecificationNode {
        let node = try flow(depth: depth, inFlow: false)
        skipBlanks()
        if isIndicator(":") { throw fault("a mapping cannot begin here") }
        try endLine()
        return node
    }

    // MARK: Flow

    private mutating func flow(depth: Int, inFlow: Bool) throws(SpecificationFault) -> SpecificationNode {
        try check(depth)
        let start = line
        switch byte {
        case UInt8(ascii: "["):
            position += 1
            var items: [SpecificationNode] = []
            while try !closes("]") {
                items.append(try flow(depth: depth + 1, inFlow: true))
                try separate("]")
            }
            return SpecificationNode(line: start, content: .sequence(items))
        case UInt8(ascii: "{"):
            position += 1
            var members: [SpecificationNode.Member] = []
            while try !closes("}") {
                let (name, _) = try scalar(inFlow: true)
                if members.contains(where: { $0.name == name }) { throw fault("`\(name)` is given twice") }
                try skipToContent(indents: false)
                guard byte == UInt8(ascii: ":") else { throw fault("expected `:` after `\(name)`") }
                position += 1
                try skipToContent(indents: false)
                members.append(.init(name: name, value: try flow(depth: depth + 1, inFlow: true)))
                try separate("}")
            }
            return SpecificationNode(line: start, content: .mapping(members))
        default:
            let (text, isPlain) = try scalar(inFlow: inFlow)
            return SpecificationNode(line: start, content: isPlain ? Self.content(ofPlain: text) : .scalar(text))
        }
    }

    private mutating func closes(_ end: Character) throws(SpecificationFault) -> Bool {
        try skipToContent(indents: false)
        guard byte == end.asciiValue else { return false }
        position += 1
        return true
    }

    /// After an item: a comma, or the end, which stays.
    private mutating func separate(_ end: Character) throws(SpecificationFault) {
        try skipToContent(indents: false)
        if byte == UInt8(ascii: ",") { return position += 1 }
        guard byte == end.asciiValue else { throw fault("expected `,` or `\(end)`") }
    }

    // MARK: Text

    var byte: UInt8? { position < bytes.count ? bytes[position] : nil }
    private var column: Int { position - lineStart }

    /// Whether the character stands here with white space or the end of the file behind it.
    func isIndicator(_ character: Character) -> Bool {
        guard byte == character.asciiValue else { return false }
        return position + 1 == bytes.count || [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position + 1])
    }

    private func isMarker(_ marker: String) -> Bool {
        guard column == 0, bytes[position...].starts(with: marker.utf8) else { return false }
        let end = position + marker.utf8.count
        return end == bytes.count || [0x20, 0x09, 0x0a, 0x0d].contains(bytes[end])
    }

    private mutating func skipBlanks() {
        while byte == 0x20 || byte == 0x09 { position += 1 }
    }

    /// To the next byte that is neither white space nor part of a comment. `indents`: where white space has a meaning.
    private mutating func skipToContent(indents: Bool = true) throws(SpecificationFault) {
        var tab = false
        while let byte {
            switch byte {
            case 0x20: position += 1
            case 0x09:
                if indents, column == 0 || bytes[lineStart..<position].allSatisfy({ $0 == 0x20 }) { tab = true }
                position += 1
            case 0x0d, 0x0a:
                position += 1
                if byte == 0x0a { (line, lineStart, tab) = (line + 1, position, false) }
            case UInt8(ascii: "#")
            where position == lineStart || [0x20, 0x09].contains(bytes[position - 1]):
                while let byte = self.byte, byte != 0x0a {
                    if byte == 0 { break }
                    position += 1
                }
                if self.byte == 0 { throw fault("a control character") }
            default:
                if tab { throw fault("a tab cannot indent") }
                return
            }
        }
    }

    /// Nothing but a comment may follow on the line.
    private mutating func endLine() throws(SpecificationFault) {
        let start = line
        try skipToContent(indents: false)
        guard position == bytes.count || line > start else { throw fault("unexpected text after the value") }
        // Back to the line's first byte: its indentation says what it belongs to.
        if position < bytes.count { position = lineStart }
    }

    private func check(_ depth: Int) throws(SpecificationFault) {
        guard depth < 32 else { throw fault("nested too deeply") }
    }

    func fault(_ message: String) -> SpecificationFault { SpecificationFault(line: line, message: message) }
}
