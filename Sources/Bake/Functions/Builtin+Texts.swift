extension Builtin {
    static let texts: [String: Builtin] = [
        "upper": text { $0.uppercased() },
        "lower": text { $0.lowercased() },
        "title": text(title),
        "chomp": text { text in
            var view = text.unicodeScalars
            while view.last == "\n" || view.last == "\r" { view.removeLast() }
            return String(view)
        },
        "trimspace": text { trimmed($0) { $0.properties.isWhitespace } },
        "trim": Builtin(2) { call in
            let set = Set(try call.text(1).unicodeScalars)
            return try call.made(trimmed(try call.text(0)) { set.contains($0) })
        },
        "trimprefix": Builtin(2) { call in
            let (text, prefix) = (try call.text(0), try call.text(1))
            return .string(
                text.utf8.starts(with: prefix.utf8) ? String(text.utf8.dropFirst(prefix.utf8.count)) ?? text : text)
        },
        "trimsuffix": Builtin(2) { call in
            let (text, suffix) = (try call.text(0), try call.text(1))
            let ends =
                text.utf8.count >= suffix.utf8.count && text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            return .string(ends ? String(text.utf8.dropLast(suffix.utf8.count)) ?? text : text)
        },
        "strlen": Builtin(1) { call in .number(Number(try call.text(0).count)) },
        "byteslen": Builtin(1) { call in .number(Number(try call.text(0).utf8.count)) },
        "substr": Builtin(3) { call in try substring(call) },
        "bytesslice": Builtin(3) { call in
            let bytes = Array(try call.text(0).utf8)
            let (start, count) = (try call.int(1), try call.int(2))
            guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
                throw call.error("the text has \(bytes.count) bytes")
            }
            return try call.made(String(decoding: bytes[start..<start + count], as: UTF8.self))
        },
        "join": Builtin(atLeast: 2) { call in
            var parts: [String] = []
            for index in 1..<call.count { parts += try call.texts(index) }
            let separator = try call.text(0)
            try call.will(make: separator.utf8.count * parts.count + parts.reduce(0) { $0 + $1.utf8.count })
            return .string(parts.joined(separator: separator))
        },
        "split": Builtin(2) { call in
            let (separator, text) = (try call.text(0), try call.text(1))
            try call.will(make: text.utf8.count)
            if separator.isEmpty { return .list(text.map { .string(String($0)) }) }
            return .list(pieces(text, separator).map(Value.string))
        },
        "replace": Builtin(3) { call in
            let (text, old, new) = (try call.text(0), try call.text(1), try call.text(2))
            guard !old.isEmpty else { throw call.error("there is nothing to look for", 1) }
            let parts = pieces(text, old)
            try call.will(make: text.utf8.count + parts.count * new.utf8.count)
            return .string(parts.joined(separator: new))
        },
        "indent": Builtin(2) { call in
            let count = try call.int(0)
            let lines = pieces(try call.text(1), "\n")
            guard count >= 0 else { throw call.error("negative indentation", 0) }
            try call.will(make: count.multipliedReportingOverflow(by: lines.count).partialValue & Int.max)
            return try call.made(lines.joined(separator: "\n" + String(repeating: " ", count: min(count, 1 << 16))))
        },
        "basename": text { path in
            let parts = path.split(separator: "/")
            return parts.last.map(String.init) ?? (path.isEmpty ? "." : "/")
        },
        "dirname": text(directory),
        "sanitize": text { text in
            String(
                String.UnicodeScalarView(
                    text.unicodeScalars.map { scalar in
                        let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                        return isPlain || scalar == "_" || scalar == "-" ? scalar : "_"
                    }))
        },
        "reverse": Builtin(1) { call in
            if case .list(let values) = call[0] { return .list(values.reversed()) }
            return .string(String(try call.text(0).reversed()))
        },
        "format": Builtin(atLeast: 1) { call in
            try call.made(try TextFormat(try call.text(0), call).text(Array(call.arguments.dropFirst())))
        },
        "formatlist": Builtin(atLeast: 1) { call in try TextFormat(try call.text(0), call).list() },
    ]

    private static func text(_ change: @escaping @Sendable (String) -> String) -> Builtin {
        Builtin(1) { call in try call.made(change(try call.text(0))) }
    }

    private static func title(_ text: String) -> String {
        var result = ""
        var startsWord = true
        for character in text {
            result += startsWord ? character.uppercased() : String(character)
            startsWord = !character.isLetter && !character.isNumber && character != "_" && character != "'"
        }
        return result
    }

    private static func trimmed(_ text: String, _ isTrimmed: (Unicode.Scalar) -> Bool) -> String {
        var rest = text.unicodeScalars[...]
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }

    /// What stands between the occurrences of `separator`, bytewise.
    static func pieces(_ text: String, _ separator: String) -> [String] {
        let bytes = Array(text.utf8)
        let separator = Array(separator.utf8)
        var pieces: [String] = []
        var start = 0
        var index = 0
        while index + separator.count <= bytes.count {
            if bytes[index] == separator[0], bytes[index..<index + separator.count].elementsEqual(separator) {
                pieces.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += separator.count
                start = index
            } else {
                index += 1
            }
        }
        return pieces + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// A negative length is up to the end, a negative offset from the end.
    private static func substring(_ call: Call) throws -> Value {
        let characters = Array(try call.text(0))
        var (offset, length) = (try call.int(1), try call.int(2))
        if offset < 0 { offset = max(0, offset &+ characters.count) }
        guard offset < characters.count, length != 0 else { return .string("") }
        if length < 0 { length = characters.count }
        return try call.made(String(characters[offset...].prefix(length)))
    }

    private static func directory(_ path: String) -> String {
        var parts: [Substring] = []
        let isAbsolute = path.hasPrefix("/")
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        where part != "." && part != "" {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !isAbsolute {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined
    }
}
