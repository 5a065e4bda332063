// Interpolation: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md

/// Text of a compose file with the values of variables in place of `$NAME`, `${NAME}`, `${NAME:-default}`,
/// `${NAME:+other}`, `${NAME:?message}`; without the colon only an unset variable counts, not an empty one. `$$` is a
/// dollar.
struct ComposeText {
    let variables: [String: String]

    private static let depthLimit = 20

    func expanded(_ text: String, at place: Place) throws(BakeError) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        return try expanded(text[...], at: place, depth: 0)
    }

    private func expanded(_ text: Substring, at place: Place, depth: Int) throws(BakeError) -> String {
        guard depth < Self.depthLimit else { throw BakeError("variables are nested too deep", at: place) }
        var result = ""
        var rest = text
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest.removeFirst()
                result.append("$")
            } else if rest.first == "{" {
                rest.removeFirst()
                result += try value(of: try Self.braced(&rest, at: place), at: place, depth: depth)
            } else {
                let name = Self.name(of: rest)
                guard !name.isEmpty else {
                    throw BakeError("`$` without a name", at: place, hint: "write $$ for a dollar")
                }
                rest = rest[name.endIndex...]
                result += variables[String(name)] ?? ""
            }
        }
        return result + rest
    }

    /// What stands up to the closing brace, which is taken.
    private static func braced(_ rest: inout Substring, at place: Place) throws(BakeError) -> Substring {
        var depth = 0
        var index = rest.startIndex
        while index < rest.endIndex {
            if rest[index] == "{" { depth += 1 }
            if rest[index] == "}" {
                if depth == 0 {
                    let body = rest[..<index]
                    rest = rest[rest.index(after: index)...]
                    return body
                }
                depth -= 1
            }
            index = rest.index(after: index)
        }
        throw BakeError("`${` without `}`", at: place, hint: "write $${ for the text itself")
    }

    private static func name(of text: Substring) -> Substring {
        guard let first = text.unicodeScalars.first, first.isASCII, first.properties.isAlphabetic || first == "_" else {
            return text.prefix(0)
        }
        return text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private func value(of body: Substring, at place: Place, depth: Int) throws(BakeError) -> String {
        let name = Self.name(of: body)
        var rest = body[name.endIndex...]
        guard !name.isEmpty else { throw BakeError("`${\(body)}` has no name", at: place) }
        let value = variables[String(name)]
        guard !rest.isEmpty else { return value ?? "" }
        let countsEmpty = rest.first == ":"
        if countsEmpty { rest.removeFirst() }
        let isSet = value != nil && !(countsEmpty && value == "")
        switch rest.popFirst() {
        case "-"?: return isSet ? value ?? "" : try expanded(rest, at: place, depth: depth + 1)
        case "+"?: return isSet ? try expanded(rest, at: place, depth: depth + 1) : ""
        case "?"?:
            if let value, isSet { return value }
            let message = try expanded(rest, at: place, depth: depth + 1)
            throw BakeError("`\(name)` is not set" + (message.isEmpty ? "" : ": \(message)"), at: place)
        default: throw BakeError("`${\(body)}` is malformed", at: place)
        }
    }
}

/// A file `.env`: lines `NAME=value`, with quotes and comments.
enum VariableFile {
    /// `known` are variables that are set already; they win, and stand in for others within the file.
    static func variables(of file: BakeFile, known: [String: String]) throws(BakeError) -> [String: String] {
        var variables = known
        var start = 0
        for line in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            defer { start += line.count + 1 }
            let place = Place(file: file, offsets: start..<start + line.count)
            var text = String(decoding: line, as: UTF8.self).trimmed
            if text.hasPrefix("export ") { text = String(text.dropFirst(7)).trimmed }
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            guard let equals = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let name = String(text[..<equals]).trimmed
            guard known[name] == nil else { continue }
            variables[name] = try value(
                String(text[text.index(after: equals)...]).trimmed, at: place, ComposeText(variables: variables))
        }
        return variables
    }

    private static func value(_ text: String, at place: Place, _ expansion: ComposeText) throws(BakeError) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            var end = text.startIndex
            var previous: Character = " "
            while end < text.endIndex, !(text[end] == "#" && previous == " ") {
                previous = text[end]
                end = text.index(after: end)
            }
            return try expansion.expanded(String(text[..<end]).trimmed, at: place)
        }
        var result = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == quote { return quote == "'" ? result : try expansion.expanded(result, at: place) }
            if character == "\\", quote == "\"", let next = rest.popFirst() {
                let known: [Character: String] = ["n": "\n", "t": "\t", "r": "\r", "\"": "\"", "\\": "\\", "$": "$$"]
                result += known[next] ?? "\\\(next)"
            } else {
                result.append(character)
            }
        }
        throw BakeError("the quote does not end on its line", at: place)
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = unicodeScalars[...]
        while let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
