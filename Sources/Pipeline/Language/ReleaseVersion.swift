/// The version in the name of a release tag, by Semantic Versioning 2.0.0 (https://semver.org); a leading `v` and a
/// missing patch or minor number are allowed.
package struct ReleaseVersion: Hashable, Sendable, CustomStringConvertible {
    package let major: String
    package let minor: String?
    package let patch: String?
    /// What follows `-`; empty for a final release.
    package let prerelease: String

    package var isPrerelease: Bool { !prerelease.isEmpty }

    package init?(tag: String) {
        var rest = tag[...]
        if rest.first == "v" || rest.first == "V" { rest.removeFirst() }
        let parts = rest.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(numbers.count), numbers.allSatisfy(Self.isNumber) else { return nil }
        major = numbers[0]
        minor = numbers.count > 1 ? numbers[1] : nil
        patch = numbers.count > 2 ? numbers[2] : nil
        prerelease = parts.count == 2 ? String(parts[1]) : ""
        let isWellFormed = prerelease.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { identifier in
            !identifier.isEmpty && identifier.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
        }
        guard parts.count == 1 || isWellFormed else { return nil }
    }

    package var description: String {
        let numbers = [major, minor, patch].compactMap { $0 }.joined(separator: ".")
        return isPrerelease ? "\(numbers)-\(prerelease)" : numbers
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (text == "0" || text.first != "0")
    }
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
