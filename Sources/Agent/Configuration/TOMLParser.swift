import Pipeline

/// Documents, headers, keys, arrays and inline tables; `TOMLScanner` reads characters and scalars.
struct TOMLParser {
    private static let depth = 32
    private var scanner: TOMLScanner

    init(_ source: ConfigSource) { scanner = TOMLScanner(source.text) }

    mutating func document() throws(TOMLError) -> ConfigValue {
        let root = TOMLTable(.header, at: .start)
        var section = root
        while true {
            scanner.skipBlankLines()
            guard let next = scanner.peek else { break }
            if next == "[" {
                section = try header(in: root)
            } else {
                try keyValue(into: section, depth: 0)
            }
            try scanner.endLine()
        }
        return root.value
    }

    mutating func onlyValue() throws(TOMLError) -> ConfigValue {
        scanner.skipSpaces()
        let value = try value(depth: 0)
        try scanner.endLine()
        guard scanner.peek == nil else { throw scanner.error("text after the value") }
        return value
    }

    /// `[a.b]` or `[[a.b]]`; the table that the following keys belong to.
    private mutating func header(in root: TOMLTable) throws(TOMLError) -> TOMLTable {
        let span = scanner.here
        scanner.advance()
        let isArray = scanner.take("[")
        let path = try keyPath()
        guard scanner.take("]"), !isArray || scanner.take("]") else {
            throw scanner.error("a section header ends with `\(isArray ? "]]" : "]")`")
        }
        guard let last = path.last else { throw scanner.error("a section header needs a name") }
        var table = root
        for key in path.dropLast() { table = try step(into: key, of: table, creating: .implied) }
        let new = TOMLTable(.header, at: span)
        switch table[last] {
        case nil:
            table[last] = isArray ? .tables([new]) : .table(new)
            return new
        case .tables(let tables) where isArray:
            table[last] = .tables(tables + [new])
            return new
        case .table(let existing) where !isArray && existing.origin == .implied:
            existing.origin = .header
            return existing
        case _?:
            throw TOMLError(message: "`\(path.map(\.name).joined(separator: "."))` is defined twice", span: last.span)
        }
    }

    private func step(
        into key: TOMLKey, of table: TOMLTable, creating origin: TOMLTable.Origin
    ) throws(TOMLError) -> TOMLTable {
        switch table[key] {
        case nil:
            let new = TOMLTable(origin, at: key.span)
            table[key] = .table(new)
            return new
        case .table(let existing)
        where existing.origin != .inline && (origin == .implied || existing.origin == .dotted):
            return existing
        case .tables(let tables) where origin == .implied:
            if let last = tables.last { return last }
            throw TOMLError(message: "`\(key.name)` is empty", span: key.span)
        case _?:
            throw TOMLError(message: "`\(key.name)` is defined already and cannot be added to", span: key.span)
        }
    }

    private mutating func keyValue(into table: TOMLTable, depth: Int) throws(TOMLError) {
        let path = try keyPath()
        guard let last = path.last else { throw scanner.error("a key is missing") }
        guard scanner.take("=") else { throw scanner.error("expected `=` after `\(last.name)`") }
        scanner.skipSpaces()
        let value = try value(depth: depth)
        var table = table
        for key in path.dropLast() { table = try step(into: key, of: table, creating: .dotted) }
        guard table[last] == nil else {
            throw TOMLError(message: "key `\(last.name)` is given more than once", span: last.span)
        }
        table[last] = .value(value)
    }

    private mutating func keyPath() throws(TOMLError) -> [TOMLKey] {
        var path: [TOMLKey] = []
        repeat {
            scanner.skipSpaces()
            path.append(try scanner.key())
            scanner.skipSpaces()
            guard path.count <= Self.depth else { throw scanner.error("a key has more than \(Self.depth) parts") }
        } while scanner.take(".")
        return path
    }

    private mutating func value(depth: Int) throws(TOMLError) -> ConfigValue {
        guard depth < Self.depth else { throw scanner.error("values are nested more than \(Self.depth) deep") }
        switch scanner.peek {
        case "[": return try array(depth: depth)
        case "{": return try inlineTable(depth: depth)
        default: return try scanner.scalar()
        }
    }

    private mutating func array(depth: Int) throws(TOMLError) -> ConfigValue {
        let span = scanner.here
        scanner.advance()
        var values: [ConfigValue] = []
        while true {
            scanner.skipBlankLines()
            if scanner.take("]") { return ConfigValue(.list(values), at: span) }
            values.append(try value(depth: depth + 1))
            scanner.skipBlankLines()
            guard scanner.take(",") || scanner.peek == "]" else {
                throw scanner.error("expected `,` or `]` in the list")
            }
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLError) -> ConfigValue {
        let table = TOMLTable(.inline, at: scanner.here)
        scanner.advance()
        scanner.skipSpaces()
        if scanner.take("}") { return table.value }
        while true {
            try keyValue(into: table, depth: depth + 1)
            scanner.skipSpaces()
            if scanner.take("}") { return table.value }
            guard scanner.take(",") else { throw scanner.error("expected `,` or `}` in the table") }
        }
    }
}
