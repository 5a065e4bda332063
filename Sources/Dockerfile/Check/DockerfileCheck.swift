/// Everything that can be said about a file without building it.
package enum DockerfileCheck {
    /// The build argument whose value replaces the file's `# check=`.
    package static let argumentName = "BUILDKIT_DOCKERFILE_CHECK"

    /// All errors of the language and the findings of the lint rules, in the order of the file. `ignore` is the
    /// context's ignore file, for the rule that needs it; `directive` stands in for the file's `# check=`. With `stages`
    /// the rules about what instructions do look at these only, as a build does that needs no others.
    package static func check(
        _ file: DockerfileStages, ignore: IgnoreFile? = nil, directive: String? = nil, stages: Set<Int>? = nil
    ) -> [Diagnostic] {
        var findings = LintFindings(file, directive: directive)
        findings.checkWriting(file.syntax)
        findings.checkGlobals(file)
        for stage in file.stages where stages?.contains(stage.index) ?? true {
            findings.checkFrom(stage, in: file)
            findings.checkInstructions(of: stage, ignore: ignore)
        }
        findings.checkVariables(file, in: stages)
        return DockerfileStages.ordered(file.diagnostics + findings.diagnostics)
    }

    package static func check(
        _ parsed: ParsedDockerfile, ignore: IgnoreFile? = nil, directive: String? = nil
    ) -> [Diagnostic] {
        check(DockerfileStages(parsed), ignore: ignore, directive: directive)
    }

    /// The finding about a stage whose base image turned out to be for another platform than the stage; nil when
    /// platforms agree or nobody wants to know. Both are `os/architecture[/variant]`.
    package static func basePlatform(
        _ base: String, isNot expected: String, for stage: Stage, in file: DockerfileStages, directive: String? = nil
    ) -> Diagnostic? {
        guard base != expected else { return nil }
        var findings = LintFindings(file, directive: directive)
        let known = findings.diagnostics.count
        findings.add(
            .invalidBaseImagePlatform,
            "the base image `\(stage.from.image.text)` is for \(base), the stage for \(expected)",
            at: stage.from.image.range, of: stage.node)
        return findings.diagnostics.count > known ? findings.diagnostics.last : nil
    }
}

/// Collects findings, less those that the file or the instruction asks to skip.
struct LintFindings {
    /// More findings than this are of no use to anyone.
    private static let maximum = 200
    private(set) var diagnostics: [Diagnostic] = []
    private let directive: CheckDirective
    /// By the first line of the instruction.
    private var directives: [Int: CheckDirective] = [:]
    /// The first stage of each name.
    var stageNames: [String: Int] = [:]

    init(_ file: DockerfileStages, directive override: String?) {
        let start = SourcePosition(line: 1, column: 1)
        let text =
            override.map { Word($0, range: SourceRange(start: start, end: start)) } ?? file.directives.check
        directive = text.flatMap { CheckDirective($0.text) } ?? CheckDirective()
        if let text, CheckDirective(text.text) == nil { diagnostics.append(CheckDirective.mistake(in: text)) }
        for node in file.syntax.instructions {
            for text in node.comments.compactMap(CheckDirective.text) {
                guard let own = CheckDirective(text.text) else {
                    diagnostics.append(CheckDirective.mistake(in: text))
                    continue
                }
                directives[node.range.firstLine] = (directives[node.range.firstLine] ?? directive).merged(with: own)
            }
        }
    }

    mutating func add(
        _ rule: LintRule, _ message: String, at range: SourceRange, of node: InstructionNode,
        hint: @autoclosure () -> String? = nil
    ) {
        let directive = directives[node.range.firstLine] ?? directive
        guard diagnostics.count < Self.maximum, directive.wants(rule) else { return }
        let severity: Diagnostic.Severity = directive.makesErrors ? .error : .warning
        diagnostics.append(Diagnostic(severity, message, at: range, rule: rule.rawValue, hint: hint()))
    }
}
