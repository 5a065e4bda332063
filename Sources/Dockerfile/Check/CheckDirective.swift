/// `check=skip=A,B;error=true;experimental=A`: which lint rules a file or one instruction wants.
struct CheckDirective {
    private(set) var skipsAll = false
    private(set) var skipped: Set<String> = []
    private(set) var makesErrors = false
    private(set) var experimentsAll = false
    private(set) var experiments: Set<String> = []

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

    init() {}

    /// The directive of a comment above an instruction.
    init?(comment: Word) {
        let parts = comment.text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, trim(parts[0]).lowercased() == "check" else { return nil }
        self.init(trim(parts[1]))
    }

    func skips(_ rule: LintRule) -> Bool {
        skipsAll || skipped.contains(rule.rawValue.lowercased())
    }

    /// Whether a rule that is off by default is asked for.
    func allows(_ rule: LintRule) -> Bool {
        !rule.isExperimental || experimentsAll || experiments.contains(rule.rawValue.lowercased())
    }
}

private func trim(_ text: some StringProtocol) -> String {
    Array(text.utf8).trimmed.text
}
