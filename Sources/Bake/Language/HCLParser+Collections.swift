extension HCLParser {
    mutating func list() throws(BakeError) -> Expression {
        let start = position
        position += 1
        return try withNewlines(ignored: true) { parser throws(BakeError) in
            if try parser.takeKeyword("for") { return try parser.forList(from: start) }
            var values: [Expression] = []
            while try !parser.takeNext("]") {
                values.append(try parser.expression())
                if try parser.takeNext(",") { continue }
                try parser.require("]", "or `,` after a value of the list")
                break
            }
            return try Expression(.list(values), at: parser.place(from: start))
        }
    }

    mutating func object() throws(BakeError) -> Expression {
        let start = position
        position += 1
        let before = position
        let isFor = try withNewlines(ignored: true) { parser throws(BakeError) in try parser.takeKeyword("for") }
        if isFor {
            return try withNewlines(ignored: true) { parser throws(BakeError) in try parser.forObject(from: start) }
        }
        position = before
        return try withNewlines(ignored: false) { parser throws(BakeError) in try parser.items(from: start) }
    }

    private mutating func items(from start: Int) throws(BakeError) -> Expression {
        var items: [Expression.Item] = []
        while true {
            try skipLines()
            if take("}") { break }
            guard position < end else { throw error("the object does not end", at: start, hint: "close it with }") }
            let key = try key()
            try skipSpace()
            guard take("=") || take(":") else { throw unexpected("expected `=` or `:` after a key") }
            items.append(Expression.Item(key: key, value: try expression()))
            try skipSpace()
            guard take(",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "}") else {
                throw unexpected("expected `,`, the end of the line or `}` after a value of the object")
            }
        }
        return try Expression(.object(items), at: place(from: start))
    }

    /// A bare name is itself; what is evaluated stands in parentheses or in a template.
    private mutating func key() throws(BakeError) -> Expression {
        let start = position
        if let name = name() {
            let place = place(from: start)
            try skipSpace()
            if byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") {
                return try Expression(.literal(.string(name)), at: place)
            }
            position = start
            throw error("the key `\(name)` is no plain name", hint: "put an expression in parentheses: (\(name)…) = …")
        }
        return try expression()
    }

    // MARK: for

    /// After the keyword: `key, value in collection`.
    private mutating func forNames() throws(BakeError) -> (key: String?, value: String, collection: Expression) {
        try skipSpace()
        guard let first = name() else { throw unexpected("expected a name after `for`") }
        var second: String?
        if try takeNext(",") {
            try skipSpace()
            second = name()
            if second == nil { throw unexpected("expected a name after `,`") }
        }
        guard try takeKeyword("in") else { throw unexpected("expected `in`") }
        return (second.map { _ in first }, second ?? first, try expression())
    }

    private mutating func forCondition() throws(BakeError) -> Expression? {
        try takeKeyword("if") ? try expression() : nil
    }

    private mutating func forList(from start: Int) throws(BakeError) -> Expression {
        let names = try forNames()
        try require(":", "after the collection")
        let value = try expression()
        let condition = try forCondition()
        try require("]", "at the end of the `for`")
        let clause = Expression.ForClause(
            key: names.key, value: names.value, collection: names.collection, condition: condition)
        return try Expression(.forList(clause, value), at: place(from: start))
    }

    private mutating func forObject(from start: Int) throws(BakeError) -> Expression {
        let names = try forNames()
        try require(":", "after the collection")
        let key = try expression()
        try require("=>", "between key and value")
        let value = try expression()
        let groups = try takeNext("...")
        let condition = try forCondition()
        try require("}", "at the end of the `for`")
        let clause = Expression.ForClause(
            key: names.key, value: names.value, collection: names.collection, condition: condition)
        return try Expression(
            .forObject(clause, key: key, value: value, groups: groups), at: place(from: start))
    }

    /// What follows `%{ for` in a template, up to the closing brace.
    mutating func forClauseOfTemplate() throws(BakeError) -> Expression.ForClause {
        let names = try forNames()
        return Expression.ForClause(
            key: names.key, value: names.value, collection: names.collection, condition: nil)
    }
}
