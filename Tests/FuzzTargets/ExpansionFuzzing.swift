import Dockerfile

enum ExpansionFuzzing {
    static func run(_ input: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: input, as: UTF8.self)
        let (environment, word) = split(text)
        let lookup: (String) -> String? = { environment[$0] }
        for escape in [UInt8(ascii: "\\"), UInt8(ascii: "`")] {
            let expander = WordExpander(escape: escape)
            guard let expansion = try? expander.expansion(word, lookup: lookup) else { continue }
            try check(expansion, of: word)
            try checkWords((try? expander.expandToWords(word, lookup: lookup)) ?? [], of: expansion)
        }
        if let expansion = try? WordExpander.expandHeredoc(word, lookup: lookup) { try check(expansion, of: word) }
        _ = PortRangeText(word)
        _ = FileModeChange(word)?.applied(to: 0o4755, isDirectory: true)
    }

    private static func split(_ text: String) -> (EnvironmentList, String) {
        guard let end = text.utf8.firstRange(of: "\n\n".utf8) else { return (EnvironmentList(["a=b", "e="]), text) }
        let assignments = text[..<end.lowerBound].split(separator: "\n").prefix(50).map(String.init)
        return (EnvironmentList(assignments), String(text[end.upperBound...]))
    }

    private static func check(_ expansion: Expansion, of word: String) throws(BrokenPromise) {
        try promise(
            expansion.value.utf8.count <= max(WordExpander.maximumLength, word.utf8.count),
            "the value is longer than its limit")
        try promise(Set(expansion.unset).isSubset(of: expansion.used), "an unset variable was not used")
        try promise(Set(expansion.used).count == expansion.used.count, "a used variable is named twice")
        let isPlain = !word.utf8.contains { "\\`$'\"".utf8.contains($0) }
        try promise(!isPlain || expansion.value == word, "plain text changed")
    }

    private static func checkWords(_ words: [String], of expansion: Expansion) throws(BrokenPromise) {
        try promise(!words.contains(""), "a word is empty")
        // Splitting takes unquoted white space away and nothing else.
        var rest = expansion.value.utf8[...]
        for word in words {
            guard let found = rest.firstRange(of: word.utf8) else {
                throw BrokenPromise(description: "`\(word)` is not in the value it was split from")
            }
            rest = rest[found.upperBound...]
        }
    }

    private struct PortRangeText {
        init?(_ text: String) {
            guard let range = try? PortRange.parse(text) else { return nil }
            _ = range.exposed.count
        }
    }
}
