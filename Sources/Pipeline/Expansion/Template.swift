/// What a run knows about itself, for tags and build arguments.
package enum Variable: String, CaseIterable, Sendable {
    case branch
    case branchSlug = "branch.slug"
    case tag
    case version
    case versionMajor = "version.major"
    case versionMinor = "version.minor"
    case sha, sha7
    /// Of the commit, `YYYYMMDD` in UTC; never "now", so that a repeated run gives the same tag.
    case date
    case trigger, run

    /// The kind of ref it needs; nil: any.
    var refKind: RefName.Kind? {
        switch self {
        case .branch, .branchSlug: .branch
        case .tag, .version, .versionMajor, .versionMinor: .tag
        case .sha, .sha7, .date, .trigger, .run: nil
        }
    }
}

/// Text with `${variable}` in it; `$${` stands for `${`. No functions, no nesting.
package struct Template: Hashable, Sendable, CustomStringConvertible {
    enum Part: Hashable, Sendable {
        case text(String)
        case variable(Variable)
    }

    let parts: [Part]
    /// As written.
    package let text: String

    package init(_ text: String) throws(PipelineError) {
        self.text = text
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw PipelineError(.invalidTemplate, "`\(text)` has `${` without `}`")
                }
                let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
                parts.append(.text(literal))
                literal = ""
                parts.append(.variable(try Self.variable(name)))
                rest = rest[rest.index(after: end)...]
            } else {
                literal += rest.prefix(1)
                rest = rest.dropFirst()
            }
        }
        parts.append(.text(literal + rest))
        self.parts = parts.filter { $0 != .text("") }
    }

    private static func variable(_ name: String) throws(PipelineError) -> Variable {
        if let variable = Variable(rawValue: name) { return variable }
        let known = Variable.allCases.map(\.rawValue)
        let remedy = closest(to: name, among: known).map { "did you mean `${\($0)}`?" }
        throw PipelineError(
            .invalidTemplate,
            "unknown variable `${\(name)}`; " + (remedy ?? "known are \(known.joined(separator: ", "))"))
    }

    package var variables: [Variable] {
        parts.compactMap { part in
            if case .variable(let variable) = part { variable } else { nil }
        }
    }

    package var description: String { text }
}
