extension Builtin {
    static let patterns: [String: Builtin] = [
        "regex": Builtin(2) { call in
            let search = try PatternSearch(call, pattern: 0, text: 1)
            guard let match = try search.matches(limit: 1).first else {
                throw call.error("the text does not match the expression", 1)
            }
            return search.value(of: match)
        },
        "regexall": Builtin(2) { call in
            let search = try PatternSearch(call, pattern: 0, text: 1)
            return .list(try search.matches().map(search.value))
        },
        "regex_replace": Builtin(3) { call in
            let search = try PatternSearch(call, pattern: 1, text: 0)
            return .string(try search.replacing(with: try call.text(2)))
        },
    ]
}

/// A regular expression of a call, and the text to look through.
private struct PatternSearch {
    let call: Call
    let pattern: TextPattern
    let text: [UInt32]

    init(_ call: Call, pattern: Int, text: Int) throws {
        self.call = call
        do { self.pattern = try TextPattern(try call.text(pattern)) } catch let error as PatternError {
            throw call.error(error.message, pattern)
        }
        self.text = try call.text(text).unicodeScalars.map(\.value)
    }

    /// From left to right, none within another.
    func matches(limit: Int = .max) throws -> [[Int]] {
        var matches: [[Int]] = []
        var start = 0
        var lastEnd = -1
        while start <= text.count, matches.count < limit {
            guard let match = try pattern.match(in: text, from: start, spend: spend) else { break }
            let isEmpty = match[1] == match[0]
            if !isEmpty || match[0] != lastEnd { matches.append(match) }
            lastEnd = match[1]
            start = isEmpty ? match[1] + 1 : match[1]
        }
        return matches
    }

    private func spend(_ count: Int) throws { try call.evaluation.spend(count, at: call.place) }

    private func slice(_ low: Int, _ high: Int) -> String {
        String(String.UnicodeScalarView(text[low..<high].compactMap(Unicode.Scalar.init)))
    }

    /// The text; of an expression with groups those, by name if they have names.
    func value(of match: [Int]) -> Value {
        guard pattern.groupCount > 0 else { return .string(slice(match[0], match[1])) }
        let groups = (1...pattern.groupCount).map { number -> Value in
            match[number * 2] < 0 ? .null : .string(slice(match[number * 2], match[number * 2 + 1]))
        }
        guard pattern.names.contains(where: { $0 != nil }) else { return .list(groups) }
        return .object(
            Dictionary(zip(pattern.names, groups).compactMap { name, group in name.map { ($0, group) } }) { $1 })
    }

    /// In the replacement `$1`, `$name` and `${name}` are groups, `$$` a dollar.
    func replacing(with replacement: String) throws -> String {
        let parts = try self.parts(of: replacement)
        var result = ""
        var last = 0
        for match in try matches() {
            var text = slice(last, match[0])
            for part in parts {
                switch part {
                case .text(let literal): text += literal
                case .group(let number):
                    if number <= pattern.groupCount, match[number * 2] >= 0 {
                        text += slice(match[number * 2], match[number * 2 + 1])
                    }
                }
            }
            try call.will(make: text.utf8.count)
            result += text
            last = match[1]
        }
        let rest = slice(last, text.count)
        try call.will(make: rest.utf8.count)
        return result + rest
    }

    private enum Part {
        case text(String)
        case group(Int)
    }

    private func parts(of replacement: String) throws -> [Part] {
        var parts: [Part] = []
        var rest = replacement[...]
        while let dollar = rest.firstIndex(of: "$") {
            parts.append(.text(String(rest[..<dollar])))
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest.removeFirst()
                parts.append(.text("$"))
                continue
            }
            let isBraced = rest.first == "{"
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            guard !name.isEmpty, !isBraced || body[name.endIndex...].first == "}" else {
                parts.append(.text("$"))
                continue
            }
            rest = body[name.endIndex...].dropFirst(isBraced ? 1 : 0)
            let number = Int(name) ?? pattern.names.firstIndex(of: String(name)).map { $0 + 1 }
            parts.append(number.map(Part.group) ?? .text(""))
        }
        return parts + [.text(String(rest))]
    }
}
