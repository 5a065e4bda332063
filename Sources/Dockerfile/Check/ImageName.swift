/// Names of images, as far as the check of a file needs to tell them from what no registry could have.
enum ImageName {
    /// Whether the text is `[host[:port]/]path[:tag][@digest]`.
    static func isWellFormed(_ text: String) -> Bool {
        let halves = text.utf8.split(separator: UInt8(ascii: "@"), maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count < 2 || isDigest(halves[1]) else { return false }
        var components = halves[0].split(separator: .slash, omittingEmptySubsequences: false)
        guard let last = components.popLast() else { return false }
        let parts = last.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard isComponent(parts[0]), parts.count < 2 || isTag(parts[1]) else { return false }
        if let first = components.first, isHost(first) { components.removeFirst() }
        return components.allSatisfy(isComponent)
    }

    /// What stands first is a host if no part of a path could look like it.
    private static func isHost(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, first.isASCIILetter || first.isASCIIDigit || first == UInt8(ascii: "[") else {
            return false
        }
        return text.elementsEqual("localhost".utf8)
            || text.contains { ".:".utf8.contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Lower-case letters and digits, with separators between them only.
    private static func isComponent(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, let last = text.last, isWord(first), isWord(last) else { return false }
        return text.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isTag(_ text: Substring.UTF8View) -> Bool {
        guard (1...128).contains(text.count), let first = text.first, !".-".utf8.contains(first) else { return false }
        return text.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "._-".utf8.contains($0) }
    }

    private static func isDigest(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
    }
}
