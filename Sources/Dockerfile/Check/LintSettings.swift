/// What a file wants of the lint rules: by `# check=` at its top, and by `# check=` above single instructions.
package struct LintSettings: Sendable {
    /// The directives that make no sense.
    let mistakes: [Diagnostic]
    private let file: CheckDirective
    /// Of the instructions with a directive of their own, in the order of the file.
    private let instructions: [(lines: ClosedRange<Int>, directive: CheckDirective)]

    /// `directive` stands in for the file's `# check=`, as the build argument `BUILDKIT_DOCKERFILE_CHECK` does.
    package init(_ dockerfile: DockerfileStages, directive: String? = nil) {
        var mistakes: [Diagnostic] = []
        func read(_ text: String, at range: SourceRange?) -> CheckDirective? {
            let directive = CheckDirective(text)
            if directive == nil { mistakes.append(CheckDirective.mistake(in: text, at: range)) }
            return directive
        }
        let file =
            directive.map { read($0, at: nil) } ?? dockerfile.directives.check.map { read($0.text, at: $0.range) }
        let own = dockerfile.syntax.instructions.compactMap { node -> (ClosedRange<Int>, CheckDirective)? in
            let directives = node.comments.compactMap(CheckDirective.text).compactMap { read($0.text, at: $0.range) }
            guard let first = directives.first else { return nil }
            return (node.range.lines, directives.dropFirst().reduce(first) { $0.merged(with: $1) })
        }
        let whole = (file ?? nil) ?? CheckDirective()
        self.file = whole
        instructions = own.map { ($0.0, whole.merged(with: $0.1)) }
        self.mistakes = mistakes
    }

    /// The finding as the file wants it: nil if it is to be skipped, an error where findings are to be errors. `node` is
    /// the instruction it is about; without one it is that of the finding's line.
    package func adjusted(_ finding: Diagnostic, of node: InstructionNode? = nil) -> Diagnostic? {
        guard let rule = finding.rule else { return finding }
        let directive = directive(onLine: node?.range.firstLine ?? finding.range?.firstLine)
        guard directive.wants(rule) else { return nil }
        guard directive.makesErrors else { return finding }
        return Diagnostic(.error, finding.message, at: finding.range, rule: rule, hint: finding.hint)
    }

    private func directive(onLine line: Int?) -> CheckDirective {
        guard let line else { return file }
        var low = 0
        var high = instructions.count
        while low < high {
            let middle = (low + high) / 2
            if instructions[middle].lines.lowerBound <= line { low = middle + 1 } else { high = middle }
        }
        guard low > 0, instructions[low - 1].lines.contains(line) else { return file }
        return instructions[low - 1].directive
    }
}
