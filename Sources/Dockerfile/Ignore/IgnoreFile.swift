// `.dockerignore`: which files of a context a build does not see.
// https://docs.docker.com/build/concepts/context/#dockerignore-files

/// One line of an ignore file.
package struct IgnoreRule: Hashable, Sendable {
    /// From 1.
    package let line: Int
    /// As written, without white space around it.
    package let text: String
    /// `!pattern`: brings back what rules before it exclude.
    package let isException: Bool
    let pattern: GlobPattern
}

/// Whether a path is excluded, and by which rule; without a rule nothing matched and the path is in.
package struct IgnoreDecision: Hashable, Sendable {
    package let isExcluded: Bool
    package let rule: IgnoreRule?
}

/// The rules of an ignore file, in order; of those that match a path or a directory above it the last one counts.
package struct IgnoreFile: Sendable {
    package let source: SourceText
    package let rules: [IgnoreRule]
    package let diagnostics: [Diagnostic]
    private let hasExceptions: Bool
    private let index: IgnoreIndex?

    package init(_ bytes: [UInt8], name: String) {
        self.init(SourceText(bytes, name: name))
    }

    package init(_ text: String, name: String = ".dockerignore") {
        self.init(SourceText(text, name: name))
    }

    /// Patterns that are not from a file, as of `--exclude`.
    package init(patterns: [String]) {
        self.init(SourceText(patterns.joined(separator: "\n"), name: "patterns"), readsComments: false)
    }

    private init(_ source: SourceText, readsComments: Bool = true) {
        var rules: [IgnoreRule] = []
        var diagnostics: [Diagnostic] = []
        for line in 1..<(source.lineCount + 1) {
            let contents = source.contents(ofLine: line)
            // Only a `#` in the first column makes a comment.
            if readsComments, contents.first == UInt8(ascii: "#") { continue }
            let trimmed = contents.trimmed
            guard !trimmed.isEmpty else { continue }
            let isException = trimmed.first == UInt8(ascii: "!")
            let path = (isException ? trimmed.dropFirst() : trimmed).trimmed
            let range = source.range(trimmed.startIndex..<trimmed.endIndex)
            guard !path.isEmpty else {
                diagnostics.append(.error("`!` needs a pattern", at: range))
                continue
            }
            guard let pattern = GlobPattern(Self.cleaned(path), doubleStar: .recursive) else {
                diagnostics.append(
                    .error(
                        "malformed pattern `\(path.text)`", at: range,
                        hint: "close the bracket, or write \\[ for the character itself"))
                continue
            }
            rules.append(IgnoreRule(line: line, text: trimmed.text, isException: isException, pattern: pattern))
        }
        self.source = source
        self.rules = rules
        self.diagnostics = diagnostics
        hasExceptions = rules.contains(where: \.isException)
        index = rules.count < IgnoreIndex.minimumCount ? nil : IgnoreIndex(rules)
    }

    package var isEmpty: Bool { rules.isEmpty }

    package func decision(for path: String) -> IgnoreDecision {
        decision(for: Array(path.utf8)[...])
    }

    /// The decision for a path relative to the root of the context.
    package func decision(for path: ArraySlice<UInt8>) -> IgnoreDecision {
        guard let index = decidingRule(for: path) else { return IgnoreDecision(isExcluded: false, rule: nil) }
        return IgnoreDecision(isExcluded: !rules[index].isException, rule: rules[index])
    }

    package func excludes(_ path: String) -> Bool { excludes(Array(path.utf8)[...]) }

    package func excludes(_ path: ArraySlice<UInt8>) -> Bool {
        decidingRule(for: path).map { !rules[$0].isException } ?? false
    }

    /// Whether the directory and everything below it is excluded, so that nobody needs to look into it.
    package func canSkip(directory: ArraySlice<UInt8>) -> Bool {
        guard let index = decidingRule(for: directory), !rules[index].isException else { return false }
        guard hasExceptions else { return true }
        return !rules[(index + 1)...].contains { $0.isException && $0.pattern.canMatch(below: directory) }
    }

    package func canSkip(directory: String) -> Bool { canSkip(directory: Array(directory.utf8)[...]) }

    private func decidingRule(for path: ArraySlice<UInt8>) -> Int? {
        if let index { return index.lastMatch(for: path) }
        return rules.lastIndex { $0.pattern.matchesPathOrParent(path) }
    }

    /// The path without `.`, empty and `..` components and without a leading slash.
    private static func cleaned(_ path: ArraySlice<UInt8>) -> String {
        var components: [ArraySlice<UInt8>] = []
        for component in path.split(separator: .slash) where !component.elementsEqual(".".utf8) {
            let isParent = component.elementsEqual("..".utf8)
            if isParent, let last = components.last, !last.elementsEqual("..".utf8) {
                components.removeLast()
            } else if !(isParent && path.first == .slash) {
                components.append(component)
            }
        }
        let joined = Array(components.joined(separator: CollectionOfOne(.slash)))
        return joined.isEmpty ? (path.first == .slash ? "/" : ".") : joined.text
    }
}
