/// The name of a pipeline: its file's name without `.yaml`.
package struct PipelineName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(PipelineError) {
        try checkName(text, of: "pipeline")
        self.text = text
    }

    package static func < (a: PipelineName, b: PipelineName) -> Bool { a.text < b.text }
    package var description: String { text }
}

/// The name of a trigger: the key that joins refs, tags and everything else that differs between kinds of runs.
package struct TriggerName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(PipelineError) {
        try checkName(text, of: "trigger")
        self.text = text
    }

    package static func < (a: TriggerName, b: TriggerName) -> Bool { a.text < b.text }
    package var description: String { text }
}

/// Lower-case letters, digits, `.`, `_` and `-`, a letter or digit first, at most 63: safe in a path, a URL and a tag.
func checkName(_ text: String, of kind: String) throws(PipelineError) {
    let isPlain = text.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
    let startsWell = text.utf8.first.map { $0 > 0x2E && $0 != 0x5F } ?? false
    guard isPlain, startsWell, text.utf8.count <= 63 else {
        throw PipelineError(
            .invalidName,
            "\(kind) name `\(text)` must be lower-case letters, digits, `.`, `_` and `-`, a letter or digit first, at most 63"
        )
    }
}

/// The id of a commit: 40 hexadecimal digits, or 64 in a SHA-256 repository.
package struct CommitID: Hashable, Sendable, CustomStringConvertible {
    package let hex: String

    package init(_ hex: String) throws(PipelineError) {
        let isHexadecimal = hex.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isHexadecimal, hex.utf8.count == 40 || hex.utf8.count == 64 else {
            throw PipelineError(.invalidCommit, "`\(hex)` is not a commit id")
        }
        self.hex = hex
    }

    package var short: String { String(hex.prefix(7)) }
    package var description: String { hex }
}

/// The full name of a branch or tag: `refs/heads/main`, `refs/tags/v1.2`.
package struct RefName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case branch, tag

        package var prefix: String {
            switch self {
            case .branch: "refs/heads/"
            case .tag: "refs/tags/"
            }
        }
    }

    package let kind: Kind
    /// The name without `refs/heads/` or `refs/tags/`.
    package let name: String

    package init(_ kind: Kind, _ name: String) throws(PipelineError) {
        guard Self.isWellFormed(name) else { throw PipelineError(.invalidRef, "`\(name)` is not a \(kind) name") }
        self.kind = kind
        self.name = name
    }

    /// Nil for refs that are neither branches nor tags.
    package init?(full text: String) {
        guard let kind = [Kind.branch, .tag].first(where: { text.hasPrefix($0.prefix) }) else { return nil }
        try? self.init(kind, String(text.dropFirst(kind.prefix.count)))
    }

    package var full: String { kind.prefix + name }
    package var description: String { full }
    package static func < (a: RefName, b: RefName) -> Bool { a.full < b.full }

    /// The rules of git-check-ref-format(1) (https://git-scm.com/docs/git-check-ref-format) for one name below a prefix.
    private static func isWellFormed(_ name: String) -> Bool {
        let bytes = name.utf8
        guard !bytes.isEmpty, bytes.count <= 1024, name != "@", !name.hasSuffix("."), !name.contains(".."),
            !name.contains("@{")
        else { return false }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !"~^:?*[\\".utf8.contains($0) }) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
            !component.isEmpty && !component.hasPrefix(".") && !component.hasSuffix(".lock")
        }
    }
}
