/// Reads typed values out of a configuration file and collects everything that is wrong with it.
///
/// Every method returns nil, or leaves an entry out, after it has reported why; the caller goes on, so that one reading
/// finds all mistakes. `what` names the thing in messages: ``tag of trigger `main` ``.
package struct ConfigReader {
    package let source: ConfigSource
    package private(set) var diagnostics: [ConfigDiagnostic] = []

    package init(_ source: ConfigSource) { self.source = source }

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    package mutating func report(_ message: String, at span: SourceSpan, hint: String? = nil) {
        diagnostics.append(source.error(message, at: span, hint: hint))
    }

    package mutating func warn(_ message: String, at span: SourceSpan, hint: String? = nil) {
        diagnostics.append(source.diagnostic(.warning, message, at: span, hint: hint))
    }

    /// A table with a fixed set of keys; unknown ones are reported.
    package mutating func section(_ value: ConfigValue, _ what: String, keys: [String]) -> ConfigSection? {
        guard let entries = entries(value, what) else { return nil }
        var misspelt: Set<String> = []
        for entry in entries where !keys.contains(entry.name) {
            let meant = closest(to: entry.name, among: keys)
            meant.map { _ = misspelt.insert($0) }
            report(
                "unknown key `\(entry.name)` in \(what)", at: entry.nameSpan,
                hint: meant.map { "did you mean `\($0)`?" } ?? "known keys: \(keys.joined(separator: ", "))")
        }
        return ConfigSection(
            entries: entries.filter { keys.contains($0.name) }, span: value.span, what: what, misspelt: misspelt)
    }

    /// A table whose keys are names of the user's choice.
    package mutating func entries(_ value: ConfigValue, _ what: String) -> [ConfigEntry]? {
        guard case .table(let entries) = value.content else {
            mismatch(value, what, expected: "a table of keys and values")
            return nil
        }
        return entries
    }

    package mutating func list(_ value: ConfigValue, _ what: String) -> [ConfigValue]? {
        guard case .list(let values) = value.content else {
            mismatch(value, what, expected: "a list")
            return nil
        }
        return values
    }

    /// Text; numbers and booleans count as the text they were written with.
    package mutating func string(_ value: ConfigValue, _ what: String) -> String? {
        switch value.content {
        case .string, .integer, .number, .boolean:
            guard !value.text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) else {
                report("\(what) has a control character", at: value.span)
                return nil
            }
            return value.text
        case .null, .list, .table:
            mismatch(value, what, expected: "text")
            return nil
        }
    }

    /// One text, or a list of texts.
    package mutating func strings(_ value: ConfigValue, _ what: String) -> [Located<String>]? {
        guard case .list(let values) = value.content else {
            return string(value, what).map { [Located($0, at: value.span)] }
        }
        var result: [Located<String>] = []
        for element in values {
            guard let text = string(element, what) else { return nil }
            result.append(Located(text, at: element.span))
        }
        return result
    }

    package mutating func integer(
        _ value: ConfigValue, _ what: String, in range: ClosedRange<Int> = 0...Int.max
    ) -> Int? {
        guard case .integer(let number) = value.content else {
            mismatch(value, what, expected: "a whole number")
            return nil
        }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
            report("\(what) is \(number), but must be \(bounds)", at: value.span)
            return nil
        }
        return number
    }

    package mutating func number(_ value: ConfigValue, _ what: String, in range: ClosedRange<Double>) -> Double? {
        let number: Double
        switch value.content {
        case .integer(let whole): number = Double(whole)
        case .number(let fraction): number = fraction
        default:
            mismatch(value, what, expected: "a number")
            return nil
        }
        guard range.contains(number) else {
            report(
                "\(what) is \(value.text), but must be between \(range.lowerBound) and \(range.upperBound)",
                at: value.span)
            return nil
        }
        return number
    }

    package mutating func boolean(_ value: ConfigValue, _ what: String) -> Bool? {
        guard case .boolean(let flag) = value.content else {
            mismatch(value, what, expected: "`true` or `false`")
            return nil
        }
        return flag
    }

    /// A duration such as `90s`, `30m`, `12h` or `14d`; never zero.
    package mutating func duration(_ value: ConfigValue, _ what: String) -> Duration? {
        guard let text = string(value, what) else { return nil }
        guard let duration = Duration(configured: text) else {
            report("\(what) is `\(text)`, not a duration", at: value.span, hint: "write 90s, 30m, 12h or 14d")
            return nil
        }
        return duration
    }

    /// A size such as `512MiB` or `4GiB`; never zero.
    package mutating func byteCount(_ value: ConfigValue, _ what: String) -> ByteCount? {
        guard let text = string(value, what) else { return nil }
        guard let size = ByteCount(configured: text) else {
            report("\(what) is `\(text)`, not a size", at: value.span, hint: "write 64KiB, 512MiB, 4GiB or 1TiB")
            return nil
        }
        return size
    }

    /// One word of a closed list.
    package mutating func choice<Choice>(_ value: ConfigValue, _ what: String) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = string(value, what) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        let hint = closest(to: text, among: known).map { "did you mean `\($0)`?" }
        report("\(what) is `\(text)`, but must be \(alternatives(known))", at: value.span, hint: hint)
        return nil
    }

    package mutating func mismatch(_ value: ConfigValue, _ what: String, expected: String) {
        report("\(what) must be \(expected), not \(value.content.kind)", at: value.span)
    }
}

/// The known entries of a table with a fixed set of keys.
package struct ConfigSection {
    package let entries: [ConfigEntry]
    package let span: SourceSpan
    package let what: String
    /// Keys that an unknown key was probably meant to be: that they are missing is no second mistake.
    package let misspelt: Set<String>

    package subscript(_ key: String) -> ConfigValue? {
        entries.first { $0.name == key }?.value
    }

    /// How messages speak of a key of this section.
    package func name(_ key: String) -> String { "`\(key)` of \(what)" }

    /// The value of a key that must be there.
    package func required(_ key: String, _ reader: inout ConfigReader) -> ConfigValue? {
        if let value = self[key] { return value }
        if !misspelt.contains(key) { reader.report("\(what) has no `\(key)`", at: span) }
        return nil
    }
}

/// `a`, `b` or `c`
package func alternatives(_ words: [String]) -> String {
    let quoted = words.map { "`\($0)`" }
    guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
    return quoted.dropLast().joined(separator: ", ") + " or " + last
}

extension ConfigValue.Content {
    fileprivate var kind: String {
        switch self {
        case .null: "nothing"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "text"
        case .list: "a list"
        case .table: "a table"
        }
    }
}
