extension LintFindings {
    /// `parent` is the stage that this one goes on from.
    mutating func checkInstructions(of stage: Stage, after parent: Stage?, ignore: IgnoreFile?) {
        var legacy = parent.flatMap { legacies[$0.index] } ?? StageLegacy()
        var last: [Keyword: InstructionNode] = [:]
        for instruction in stage.instructions {
            let node = instruction.node
            switch instruction.instruction {
            case .shell(let words): legacy.shell = words.map(\.text)
            case .run(let run): checkScript(run, shell: legacy.shell ?? [], of: node)
            case .cmd(let form), .entrypoint(let form):
                checkForm(form, of: node, hasShell: legacy.shell != nil)
                checkSingle(node, &last)
            case .healthcheck: checkSingle(node, &last)
            case .workdir(let word):
                let isAbsolute = word.text.drop { $0 == "\"" || $0 == "'" }.first.map { "/$".contains($0) } ?? false
                if !isAbsolute, !legacy.hasWorkdir {
                    add(
                        .workdirRelativePath, "`\(word.text)` is relative to the base image's directory",
                        at: word.range, of: node, hint: "write an absolute path")
                }
                legacy.hasWorkdir = true
            case .expose(let words): words.forEach { checkPort($0, of: node) }
            case .arg(let arguments): checkDescription(arguments.arguments.map(\.name), of: node)
            case .copy(let copy) where copy.from == nil: checkIgnored(copy.sources, ignore, of: node)
            case .add(let add): checkIgnored(add.sources, ignore, of: node)
            default: break
            }
        }
        legacies[stage.index] = legacy
    }

    private mutating func checkForm(_ form: CommandForm, of node: InstructionNode, hasShell: Bool) {
        guard case .shell(let word) = form, !hasShell else { return }
        add(
            .jsonArgsRecommended, "\(node.keyword.uppercased) runs in a shell, which keeps signals from the program",
            at: word.range, of: node,
            hint: word.text.hasPrefix("[")
                ? "no JSON array: its strings have double quotes and `\\\\` for a backslash, the last no comma"
                : "write \(node.keyword.uppercased) [\"program\", \"argument\"]")
    }

    /// A script of several commands goes on after one that failed, and only the last one decides.
    private mutating func checkScript(_ run: RunInstruction, shell: [String], of node: InstructionNode) {
        guard case .script(let heredoc) = run.command, !heredoc.content.hasPrefix("#!") else { return }
        let lines = heredoc.content.split(separator: "\n").map { Array($0.utf8).trimmed.text }
        let commands = lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        let stops = { (options: Substring) in
            options.first == "-" && options.dropFirst().first != "-" && options.contains("e")
        }
        let setsOption = commands.contains { line in
            let words = line.split(separator: " ")
            return words.first == "set" && words.dropFirst().contains { stops($0) || $0 == "errexit" }
        }
        guard commands.count > 1, !setsOption, !shell.dropFirst().contains(where: { stops($0[...]) }) else { return }
        add(
            .heredocWithoutErrexit, "the script goes on after a command that failed", at: heredoc.token.range,
            of: node, hint: "begin it with set -e")
    }

    private mutating func checkSingle(_ node: InstructionNode, _ last: inout [Keyword: InstructionNode]) {
        if let earlier = last.updateValue(node, forKey: node.keyword) {
            add(
                .multipleInstructionsDisallowed, "only the last \(node.keyword.uppercased) of a stage counts",
                at: earlier.spelling.range, of: earlier, hint: "remove this one")
        }
    }

    private mutating func checkPort(_ word: Word, of node: InstructionNode) {
        let parts = word.text.split(separator: "/", maxSplits: 1)
        if parts.count == 2, parts[1] != parts[1].lowercased(), !parts[1].contains("$") {
            add(
                .exposeProtoCasing, "the protocol `\(parts[1])` has upper-case letters", at: word.range, of: node,
                hint: "write \(parts[0])/\(parts[1].lowercased())")
        }
        if parts.first?.contains(":") ?? false, !word.text.contains("$") {
            add(
                .exposeInvalidFormat, "EXPOSE takes no address and no host port", at: word.range, of: node,
                hint: "name the container's port only")
        }
    }

    private mutating func checkIgnored(_ sources: [CopySource], _ ignore: IgnoreFile?, of node: InstructionNode) {
        guard let ignore else { return }
        for case .path(let word) in sources {
            guard !word.text.contains("$"), !RemoteSource.isRemote(word.text),
                let path = GlobPattern(word.text)?.literalPath
            else { continue }
            let relative = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            guard !relative.isEmpty, ignore.canSkip(directory: relative),
                let rule = ignore.decision(for: relative).rule
            else { continue }
            add(
                .copyIgnoredFile,
                "`\(word.text)` is excluded by \(ignore.source.name) line \(rule.line) `\(rule.text)`",
                at: word.range, of: node)
        }
    }
}
