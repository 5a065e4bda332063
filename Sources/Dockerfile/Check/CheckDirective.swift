/// `skip=A,B;error=true;experimental=A`: which lint rules a file or one instruction wants.
struct CheckDirective {
    private(set) var skipsAll = false
    private(set) var skipped: Set<String> = []
    private(set) var makesErrors = false
    private(set) var experimentsAll = false
    private(set) var experiments: Set<String> = []

    init() {}

    /// Nil when an option is unknown or given twice.
    init?(_ text: String) {
        var seen: Set<String> = []
        for part in text.split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { trim($0) }
            guard pair.count == 2, seen.insert(pair[0]).inserted else { return nil }
            let names = Set(pair[1].split(separator: ",").map { trim($0).lowercased() })
            switch pair[0] {
            case "skip":
                skipsAll = names == ["all"]
                skipped = names
            case "error":
                guard pair[1] == "true" || pair[1] == "false" else { return nil }
                makesErrors = pair[1] == "true"
            case "experimental":
                experimentsAll = names == ["all"]
                experiments = names
            default: return nil
            }
        }
    }

    /// The text of `check=…` in a comment above an instruction; nil when it is another comment.
    static func text(of comment: Word) -> Word? {
        let parts = comment.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, trim(parts[0]).lowercased() == "check" else { return nil }
        return Word(trim(parts[1]), range: comment.range)
    }

    /// What both ask for together.
    func merged(with other: CheckDirective) -> CheckDirective {
        var result = self
        result.skipsAll = skipsAll || other.skipsAll
        result.skipped.formUnion(other.skipped)
        result.makesErrors = makesErrors || other.makesErrors
        result.experimentsAll = experimentsAll || other.experimentsAll
        result.experiments.formUnion(other.experiments)
        return result
    }

    /// Whether the rule is looked at: not skipped, and asked for if it is off by default.
    func wants(_ rule: String) -> Bool {
        let name = rule.lowercased()
        guard !skipsAll, !skipped.contains(name) else { return false }
        return LintRule(rawValue: rule)?.isExperimental != true || experimentsAll || experiments.contains(name)
    }
}

extension CheckDirective {
    /// What is wrong with a text that is no directive.
    static func mistake(in text: String, at range: SourceRange?) -> Diagnostic {
        let options = ["skip", "error", "experimental"]
        let names = text.split(separator: ";").map { trim($0.prefix { $0 != "=" }) }
        let unknown = names.first { !options.contains($0) }
        let suggestion = unknown.flatMap { Suggestion.hint(for: $0, among: options) }
        return .error(
            "invalid check directive `\(text)`" + (range == nil ? " in \(DockerfileCheck.argumentName)" : ""),
            at: range,
            hint: suggestion ?? "write \(range == nil ? "" : "check=")skip=Rule,Rule;error=true")
    }
}

private func trim(_ text: some StringProtocol) -> String {
    Array(text.utf8).trimmed.text
}
