/// Reads a syntax node as the instruction its keyword names; what is wrong with it goes to `diagnostics`.
struct InstructionReader {
    private(set) var diagnostics: [Diagnostic] = []
    let escape: UInt8

    init(escape: UInt8) {
        self.escape = escape
    }

    /// Nil when the node has an error.
    mutating func read(_ node: InstructionNode) -> StageInstruction? {
        let before = diagnostics.count
        let flags = FlagSet(node, diagnostics: &diagnostics)
        let instruction = instruction(node, flags)
        guard let instruction, !diagnostics[before...].hasErrors else { return nil }
        return StageInstruction(instruction: instruction, node: node)
    }

    mutating func report(_ message: String, at range: SourceRange, hint: String? = nil) {
        diagnostics.append(.error(message, at: range, hint: hint))
    }

    mutating func report(_ error: ExpansionError, in word: Word) {
        diagnostics.append(error.diagnostic(in: word))
    }

    private mutating func instruction(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        switch node.keyword {
        case .add: add(node, flags)
        case .arg: arg(node)
        case .cmd: .cmd(form(node, node.arguments[...]))
        case .copy: copy(node, flags)
        case .entrypoint: .entrypoint(form(node, node.arguments[...]))
        case .env: pairs(node).map { .env($0) }
        case .expose: expose(node)
        case .from: from(node, flags)
        case .healthcheck: healthcheck(node, flags)
        case .label: pairs(node).map { .label($0) }
        case .maintainer: single(node, "a name").map { .maintainer($0) }
        case .onbuild: onbuild(node)
        case .run: run(node, flags)
        case .shell: shell(node)
        case .stopsignal: stopsignal(node)
        case .user: single(node, "a user").map { .user($0) }
        case .volume: volume(node)
        case .workdir: single(node, "a directory").map { .workdir($0) }
        }
    }

    // MARK: Words

    private mutating func single(_ node: InstructionNode, _ what: String) -> Word? {
        guard let word = node.arguments.first else {
            report("\(node.keyword.uppercased) needs \(what)", at: node.spelling.range)
            return nil
        }
        return check(word) ? word : nil
    }

    private mutating func list(_ node: InstructionNode, _ what: String) -> [Word]? {
        guard !node.arguments.isEmpty else {
            report("\(node.keyword.uppercased) needs \(what)", at: node.spelling.range)
            return nil
        }
        return node.arguments.map { check($0) }.contains(false) ? nil : node.arguments
    }

    /// Reports what no environment could make right: open quotes, bad substitutions.
    private mutating func check(_ word: Word) -> Bool {
        do throws(ExpansionError) {
            // Any variable may get a value, so only the syntax is looked at.
            _ = try WordExpander(escape: escape).expand(word.text) { _ in "x" }
            return true
        } catch {
            report(error, in: word)
            return false
        }
    }

    /// Reports what no variables could make right in a here-document.
    mutating func check(body heredoc: Heredoc) {
        guard heredoc.expands else { return }
        do throws(ExpansionError) {
            _ = try WordExpander.expandHeredoc(heredoc.content) { _ in "x" }
        } catch {
            report(error.message, at: heredoc.range(at: error.offset))
        }
    }

    /// The value of a word without variables; nil when it has some.
    func constant(_ word: Word) -> String? {
        guard !word.text.contains("$") else { return nil }
        return try? WordExpander(escape: escape).expand(word.text) { _ in nil }
    }

    private mutating func volume(_ node: InstructionNode) -> Instruction? {
        guard let paths = list(node, "at least one path") else { return nil }
        for path in paths {
            if let text = constant(path), text.utf8.allSatisfy(\.isASCIISpace) {
                report("a volume has an empty path", at: path.range)
            }
        }
        return .volume(paths)
    }

    private mutating func expose(_ node: InstructionNode) -> Instruction? {
        guard let words = list(node, "at least one port") else { return nil }
        for word in words {
            guard let text = constant(word) else { continue }
            do throws(PortRange.ParseError) { _ = try PortRange.parse(text) } catch {
                report(error.message, at: word.range, hint: error.hint)
            }
        }
        return .expose(words)
    }

    private mutating func stopsignal(_ node: InstructionNode) -> Instruction? {
        guard let word = single(node, "a signal") else { return nil }
        if let text = constant(word), !StopSignal.isValid(text) {
            report("unknown signal `\(text)`", at: word.range, hint: StopSignal.hint(for: text))
        }
        return .stopsignal(word)
    }

    // MARK: Pairs

    private mutating func arg(_ node: InstructionNode) -> Instruction? {
        guard !node.pairs.isEmpty else {
            report("ARG needs at least one name", at: node.spelling.range)
            return nil
        }
        for pair in node.pairs {
            if check(pair.name), constant(pair.name) == "" {
                report("an argument has no name", at: pair.name.text.isEmpty ? node.text.range : pair.name.range)
            }
            _ = pair.value.map { check($0) }
        }
        return .arg(ArgInstruction(arguments: node.pairs))
    }

    private mutating func pairs(_ node: InstructionNode) -> EnvInstruction? {
        guard !node.pairs.isEmpty else {
            report(
                "\(node.keyword.uppercased) needs at least one name=value", at: node.spelling.range)
            return nil
        }
        var pairs: [EnvInstruction.Pair] = []
        for pair in node.pairs {
            guard let value = pair.value else { continue }
            if constant(pair.name) == "" {
                report("\(node.keyword.uppercased) names may not be empty", at: pair.name.range)
            }
            if check(pair.name), check(value) { pairs.append(EnvInstruction.Pair(name: pair.name, value: value)) }
        }
        return EnvInstruction(pairs: pairs, isLegacy: node.isLegacyPair)
    }

    // MARK: Commands

    func form(_ node: InstructionNode, _ arguments: ArraySlice<Word>) -> CommandForm {
        switch node.form {
        case .exec: .exec(Array(arguments))
        case .shell: .shell(arguments.first ?? Word("", range: node.text.range))
        }
    }

    private mutating func shell(_ node: InstructionNode) -> Instruction? {
        guard node.form == .exec, !node.arguments.isEmpty else {
            report(
                "SHELL needs a JSON array with at least one string", at: node.text.range,
                hint: "write SHELL [\"/bin/sh\", \"-c\"]")
            return nil
        }
        return .shell(node.arguments)
    }

    private mutating func onbuild(_ node: InstructionNode) -> Instruction? {
        guard let inner = node.trigger.first, let trigger = read(inner) else { return nil }
        return .onbuild(OnbuildInstruction(trigger: trigger, text: inner.originalWithHeredocs))
    }
}
