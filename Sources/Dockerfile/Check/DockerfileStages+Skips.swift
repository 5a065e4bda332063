extension DockerfileStages {
    /// Whether `# check=skip=…` of the file, or above the instruction on this line, is about a rule that building finds.
    package func skips(_ rule: String, onLine line: Int?) -> Bool {
        var directive = directives.check.flatMap { CheckDirective($0.text) } ?? CheckDirective()
        let node = line.flatMap { line in syntax.instructions.first { $0.range.lines.contains(line) } }
        for text in node?.comments.compactMap(CheckDirective.text) ?? [] {
            if let own = CheckDirective(text.text) { directive = directive.merged(with: own) }
        }
        return directive.skipsAll || directive.skipped.contains(rule.lowercased())
    }
}
