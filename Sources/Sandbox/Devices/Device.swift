/// A device that a specification of this host describes.
package struct Device: Hashable, Sendable {
    /// `vendor/class=name`.
    package let name: String
    /// `vendor/class`.
    package let kind: String
    /// The specification.
    package let file: String
    let annotations: [String: String]
    package let edits: DeviceEdits
    /// Why it cannot be had.
    package internal(set) var refusal: String?

    /// Whether any build may have it (an annotation that BuildKit reads as well).
    package var isAllowed: Bool {
        ["true", "1", "t", "T", "TRUE", "True"].contains(annotations["org.mobyproject.buildkit.device.autoallow"] ?? "")
    }

    /// A name for several devices together.
    var group: String? { annotations["org.mobyproject.buildkit.device.class"] }
}

/// How devices are named: `vendor/class=name`, `vendor/class=*` for all of a kind, `vendor/class` for the first one, or
/// a group that specifications give in an annotation.
package enum DeviceName {
    /// Whether `name` can mean a device at all.
    package static func isWellFormed(_ name: String) -> Bool {
        let parts = name.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return isKind(name) || isWord(name, with: "_-.") }
        return isKind(parts[0]) && (parts[1] == "*" || isDevice(parts[1]))
    }

    static func isKind(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.count == 2
            && parts.allSatisfy { isWord($0, with: "_-.") && $0.first.map { $0.isLetter } == true }
    }

    static func isDevice(_ text: String) -> Bool { isWord(text, with: "_-.:") }

    /// Letters, digits and, within, some others.
    private static func isWord(_ text: String, with others: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            return (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        return isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || others.utf8.contains($0) }
    }
}
