/// Everything that can be said about a file without building it.
package enum DockerfileCheck {
    /// All errors of the language and the findings of the lint rules, in the order of the file. `ignore` is the
    /// context's ignore file, for the rule that needs it.
    package static func check(_ parsed: ParsedDockerfile, ignore: IgnoreFile? = nil) -> [Diagnostic] {
        let stages = DockerfileStages(parsed)
        var findings = LintFindings(directive: parsed.directives.check)
        findings.checkWriting(parsed)
        findings.checkGlobals(stages)
        for stage in stages.stages {
            findings.checkFrom(stage, in: stages)
            findings.checkInstructions(of: stage, ignore: ignore)
        }
        findings.checkVariables(stages)
        return DockerfileStages.ordered(stages.diagnostics + findings.diagnostics)
    }
}

/// Collects findings, less those that the file or the instruction asks to skip.
struct LintFindings {
    /// More findings than this are of no use to anyone.
    private static let maximum = 200
    private(set) var diagnostics: [Diagnostic] = []
    private let file: CheckDirective
    /// The first stage of each name.
    var stageNames: [String: Int] = [:]

    init(directive: Word?) {
        if let directive, let parsed = CheckDirective(directive.text) {
            file = parsed
        } else {
            file = CheckDirective()
            if let directive {
                diagnostics.append(
                    .error(
                        "invalid check directive `\(directive.text)`", at: directive.range,
                        hint: "write check=skip=Rule,Rule;error=true"))
            }
        }
    }

    mutating func add(
        _ rule: LintRule, _ message: String, at range: SourceRange, of node: InstructionNode,
        hint: @autoclosure () -> String? = nil
    ) {
        guard diagnostics.count < Self.maximum, file.allows(rule), !file.skips(rule),
            !node.comments.contains(where: { CheckDirective(comment: $0)?.skips(rule) ?? false })
        else { return }
        let severity: Diagnostic.Severity = file.makesErrors ? .error : .warning
        diagnostics.append(Diagnostic(severity, message, at: range, rule: rule.rawValue, hint: hint()))
    }
}
