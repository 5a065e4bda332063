/// The names that may not be in a tree: git itself refuses to write them, because on some file system they reach out of
/// the directory or into `.git`.
enum EntryName {
    /// Why `name` is refused; nil for a good one.
    static func refusal(of name: ArraySlice<UInt8>) -> String? {
        guard let first = name.first else { return "is empty" }
        if name.contains(slash) { return "contains a slash" }
        switch first {
        case dot:
            if name.count == 1 || name.elementsEqual("..".utf8) { return "names a directory outside of itself" }
        case UInt8(ascii: "g"), UInt8(ascii: "G"), 0xE2, 0xEF: break
        default: return nil
        }
        let visible = withoutIgnorable(name)
        if isGitDirectory(visible) { return "stands for .git on some file systems" }
        if startsWithGit(visible), name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return "hides control characters in a git file's name"
        }
        return nil
    }

    /// Files that programs read by name and follow if they are links.
    static func mayNotBeLink(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.first == dot else { return false }
        return name.elementsEqual(".gitmodules".utf8) || name.elementsEqual(".gitattributes".utf8)
            || name.elementsEqual(".caisson".utf8)
    }

    private static let dot = UInt8(ascii: ".")
    private static let slash = UInt8(ascii: "/")

    /// `.git` and its DOS short name `git~1` in any case, also with what NTFS drops: trailing dots and spaces, and
    /// everything from a colon on (alternate streams).
    private static func isGitDirectory(_ name: ArraySlice<UInt8>) -> Bool {
        for word in [Array(".git".utf8), Array("git~1".utf8)] where name.count >= word.count {
            guard zip(name, word).allSatisfy({ lowered($0) == $1 }) else { continue }
            let rest = name.dropFirst(word.count).prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "\\") }
            if rest.allSatisfy({ $0 == dot || $0 == UInt8(ascii: " ") }) { return true }
        }
        return false
    }

    private static func startsWithGit(_ name: ArraySlice<UInt8>) -> Bool {
        name.count >= 4 && zip(name, ".git".utf8).allSatisfy { lowered($0) == $1 }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Without the code points that HFS+ ignores: U+200C–200F, U+202A–202E, U+206A–206F, U+FEFF.
    private static func withoutIgnorable(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard name.contains(where: { $0 >= 0x80 }) else { return name }
        var result: [UInt8] = []
        var rest = name
        while let byte = rest.first {
            let length = ignorableLength(rest)
            if length == 0 { result.append(byte) }
            rest = rest.dropFirst(max(1, length))
        }
        return result[...]
    }

    private static func ignorableLength(_ bytes: ArraySlice<UInt8>) -> Int {
        guard bytes.count >= 3 else { return 0 }
        let start = bytes.startIndex
        switch (bytes[start], bytes[start + 1], bytes[start + 2]) {
        case (0xE2, 0x80, 0x8C...0x8F), (0xE2, 0x80, 0xAA...0xAE), (0xE2, 0x81, 0xAA...0xAF), (0xEF, 0xBB, 0xBF):
            return 3
        default:
            return 0
        }
    }
}
