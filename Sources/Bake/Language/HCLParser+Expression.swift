extension HCLParser {
    mutating func expression() throws(BakeError) -> Expression {
        try nested { parser throws(BakeError) in try parser.conditional() }
    }

    private mutating func conditional() throws(BakeError) -> Expression {
        try skipSpace()
        let start = position
        let condition = try binary(level: 0)
        guard try takeNext("?") else { return condition }
        let then = try expression()
        try require(":", "of the conditional")
        let otherwise = try expression()
        return try Expression(.conditional(condition, then: then, otherwise: otherwise), at: place(from: start))
    }

    private mutating func binary(level: Int) throws(BakeError) -> Expression {
        guard level < Expression.Operator.levels.count else { return try unary() }
        try skipSpace()
        let start = position
        var left = try binary(level: level + 1)
        while let symbol = try symbol(of: level) {
            let right = try binary(level: level + 1)
            left = try Expression(.binary(symbol, left, right), at: place(from: start))
        }
        return left
    }

    private mutating func symbol(of level: Int) throws(BakeError) -> Expression.Operator? {
        try skipSpace()
        for symbol in Expression.Operator.levels[level] {
            guard bytes[position..<end].starts(with: symbol.rawValue.utf8) else { continue }
            position += symbol.rawValue.utf8.count
            return symbol
        }
        return nil
    }

    private mutating func unary() throws(BakeError) -> Expression {
        try skipSpace()
        let start = position
        if byte == UInt8(ascii: "!"), !starts(with: "!=") {
            position += 1
            let value = try nested { parser throws(BakeError) in try parser.unary() }
            return try Expression(.not(value), at: place(from: start))
        }
        if take("-") {
            let value = try nested { parser throws(BakeError) in try parser.unary() }
            return try Expression(.negation(value), at: place(from: start))
        }
        return try traversed(try primary(), from: start)
    }

    // MARK: Attributes and elements

    /// `.name`, `.0`, `[…]`, `.*` and `[*]` after a value.
    private mutating func traversed(
        _ value: Expression, from start: Int, stopsAtIndex: Bool = false
    ) throws(BakeError) -> Expression {
        var value = value
        while true {
            let before = position
            try skipSpace()
            if byte == UInt8(ascii: "."), !starts(with: "...") {
                position += 1
                try skipSpace()
                if take("*") {
                    let each = try traversed(
                        try Expression(.element, at: place(from: start)), from: start, stopsAtIndex: true)
                    value = try Expression(.splat(value, each: each), at: place(from: start))
                } else {
                    value = try Expression(try step(after: value), at: place(from: start))
                }
            } else if byte == UInt8(ascii: "["), !stopsAtIndex {
                position += 1
                value = try indexed(value, from: start)
            } else {
                position = before
                return value
            }
        }
    }

    private mutating func step(after value: Expression) throws(BakeError) -> Expression.Kind {
        let start = position
        if let name = name() { return .attribute(value, name) }
        while let byte, Self.isDigit(byte) { position += 1 }
        guard let index = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw unexpected("expected a name after `.`")
        }
        return .index(value, try Expression(.literal(.number(Number(index))), at: place(from: start)))
    }

    private mutating func indexed(_ value: Expression, from start: Int) throws(BakeError) -> Expression {
        let isSplat = try withNewlines(ignored: true) { parser throws(BakeError) in
            try parser.skipSpace()
            let before = parser.position
            if parser.take("*"), try parser.takeNext("]") { return true }
            parser.position = before
            return false
        }
        if isSplat {
            let each = try traversed(try Expression(.element, at: place(from: start)), from: start)
            return try Expression(.splat(value, each: each), at: place(from: start))
        }
        let index = try withNewlines(ignored: true) { parser throws(BakeError) in
            let index = try parser.expression()
            try parser.require("]", "after the index")
            return index
        }
        return try Expression(.index(value, index), at: place(from: start))
    }

    // MARK: Values

    private mutating func primary() throws(BakeError) -> Expression {
        try skipSpace()
        let start = position
        switch byte {
        case UInt8(ascii: "\"")?: return try quotedTemplate()
        case UInt8(ascii: "(")?:
            position += 1
            return try withNewlines(ignored: true) { parser throws(BakeError) in
                let value = try parser.expression()
                try parser.require(")", "to close the parenthesis")
                return value
            }
        case UInt8(ascii: "[")?: return try list()
        case UInt8(ascii: "{")?: return try object()
        case UInt8(ascii: "<")? where starts(with: "<<"): return try heredoc()
        case let byte? where Self.isDigit(byte): return try number()
        default: break
        }
        guard let name = name() else { throw unexpected("expected a value") }
        switch name {
        case "true", "false": return try Expression(.literal(.bool(name == "true")), at: place(from: start))
        case "null": return try Expression(.literal(.null), at: place(from: start))
        default: break
        }
        let end = position
        if try takeNext("(") { return try call(name, from: start) }
        position = end
        return try Expression(.variable(name), at: place(from: start))
    }

    private mutating func number() throws(BakeError) -> Expression {
        let start = position
        skipDigits()
        if byte == UInt8(ascii: "."), position + 1 < end, Self.isDigit(bytes[position + 1]) {
            position += 1
            skipDigits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            let before = position
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            let digits = position
            skipDigits()
            if position == digits { position = before }
        }
        if let byte, Self.startsName(byte) { throw unexpected("expected the end of the number") }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Number(text) else { throw error("`\(text)` is no number", at: start) }
        return try Expression(.literal(.number(number)), at: place(from: start))
    }

    private mutating func skipDigits() {
        while let byte, Self.isDigit(byte) { position += 1 }
    }

    private mutating func call(_ name: String, from start: Int) throws(BakeError) -> Expression {
        var arguments: [Expression] = []
        var expandsLast = false
        try withNewlines(ignored: true) { parser throws(BakeError) in
            while try !parser.takeNext(")") {
                guard !expandsLast else { throw parser.unexpected("expected `)` after `...`") }
                arguments.append(try parser.expression())
                expandsLast = try parser.takeNext("...")
                if try parser.takeNext(",") { continue }
                try parser.require(")", "after the arguments of `\(name)`")
                return
            }
        }
        return try Expression(.call(name, arguments, expandsLast: expandsLast), at: place(from: start))
    }
}
