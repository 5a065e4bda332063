extension InstructionReader {
    mutating func from(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        let words = node.arguments
        guard words.count == 1 || words.count == 3 else {
            let place = words.count > 1 ? words[1].range : node.spelling.range
            report(
                words.isEmpty ? "FROM needs an image" : "FROM takes one argument, or three: image AS name", at: place,
                hint: words.contains { $0.text.hasPrefix("#") } ? Suggestion.commentHint : nil)
            return nil
        }
        var alias: Word?
        if words.count == 3 {
            guard words[1].text.lowercased() == "as" else {
                report(
                    "expected AS, found `\(words[1].text)`", at: words[1].range,
                    hint: words[1].text.hasPrefix("#") ? Suggestion.commentHint : "write FROM image AS name")
                return nil
            }
            guard Self.isStageName(words[2].text.lowercased()) else {
                report(
                    "invalid stage name `\(words[2].text)`", at: words[2].range,
                    hint: "a name starts with a letter and goes on with letters, digits, `-`, `_` and `.`")
                return nil
            }
            alias = words[2]
        }
        return .from(FromInstruction(platform: flags.value("platform"), image: words[0], alias: alias))
    }

    static func isStageName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0.isASCIIDigit || "-_.".utf8.contains($0)
        }
    }
}
