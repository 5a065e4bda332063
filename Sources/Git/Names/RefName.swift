/// A full ref name that passes git's own rules (git-check-ref-format(1)): `refs/…` or `HEAD`. Data, never part of a
/// command line or a file name.
package struct RefName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// Longer names are legal in git and useless to everybody.
    package static let maximumLength = 1024

    package init(_ text: String) throws(GitError) {
        guard let name = RefName(validating: Array(text.utf8)[...]) else {
            throw GitError(.invalidName, "ref name `\(printable(text))` is not one that git allows")
        }
        self = name
    }

    /// Nil where git would refuse the name, or where it is not UTF-8.
    package init?(validating bytes: ArraySlice<UInt8>) {
        guard RefName.isValid(bytes), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.text = text
    }

    package static let head = RefName(known: "HEAD")

    private init(known text: String) { self.text = text }

    package var description: String { text }

    /// Without `refs/heads/` or `refs/tags/`.
    package var shortName: String {
        for prefix in ["refs/heads/", "refs/tags/"] where text.hasPrefix(prefix) {
            return String(text.dropFirst(prefix.utf8.count))
        }
        return text
    }

    package static func < (left: RefName, right: RefName) -> Bool { left.text < right.text }

    private static let prefix = Array("refs/".utf8)

    private static func isValid(_ name: ArraySlice<UInt8>) -> Bool {
        if name.elementsEqual("HEAD".utf8) { return true }
        guard name.count <= maximumLength, name.starts(with: prefix), name.last != dot else { return false }
        var previous: UInt8 = slash
        var componentStart = name.startIndex
        for index in name.indices {
            let byte = name[index]
            switch byte {
            case 0...0x20, 0x7F, tilde, caret, colon, question, asterisk, openBracket, backslash: return false
            case dot where previous == dot || previous == slash: return false
            case openBrace where previous == at: return false
            case slash:
                if previous == slash || name[componentStart..<index].endsInLock { return false }
                componentStart = index + 1
            default: break
            }
            previous = byte
        }
        return previous != slash && !name[componentStart...].endsInLock
    }

    private static let dot = UInt8(ascii: "."), slash = UInt8(ascii: "/"), tilde = UInt8(ascii: "~")
    private static let caret = UInt8(ascii: "^"), colon = UInt8(ascii: ":"), question = UInt8(ascii: "?")
    private static let asterisk = UInt8(ascii: "*"), openBracket = UInt8(ascii: "["), at = UInt8(ascii: "@")
    private static let backslash = UInt8(ascii: "\\"), openBrace = UInt8(ascii: "{")
}

extension ArraySlice<UInt8> {
    fileprivate var endsInLock: Bool { suffix(5).elementsEqual(".lock".utf8) }
}

/// `text` cut to a line's length, with everything replaced that could steer a terminal.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(400) {
        let properties = scalar.properties.generalCategory
        result += properties == .control || properties == .format ? "\u{FFFD}" : String(scalar)
    }
    return result
}
