extension LintFindings {
    private static let maximumStages = 1_000

    /// Variables that nothing sets: in FROM lines, and in stages whose base is known to set nothing.
    mutating func checkVariables(_ file: DockerfileStages, _ globals: GlobalArguments, in stages: Set<Int>?) {
        // FROM lines are to make sense by their defaults alone.
        let defaults = file.globals(buildArguments: [:])
        var declared = Set(PlatformArguments.names)
        for case .arg(let arguments) in file.globalArguments.map(\.instruction) {
            declared.formUnion(arguments.arguments.map(\.name.text))
        }
        // The environments of stages whose every variable is known.
        var known: [StageEnvironment?] = []
        var byName: [String: Int] = [:]
        for stage in file.stages {
            // What a stage goes on from is looked at whenever the stage is.
            let isLookedAt = stages?.contains(stage.index) ?? true
            if isLookedAt {
                checkFromVariables(stage, defaults, declared, file.expander) { byName[$0.lowercased()] != nil }
            }
            let base = try? globals.expand(stage.from.image)
            var environment: StageEnvironment?
            // Every stage of a chain copies its parent's variables: a generated chain of thousands is not followed.
            if stage.index >= Self.maximumStages {
                environment = nil
            } else if let base, let parent = byName[base.lowercased()] {
                environment = known[parent]
            } else if base == "scratch" {
                environment = StageEnvironment(
                    image: EnvironmentList(["PATH="]), globals: globals, expander: file.expander)
            }
            if var start = environment, isLookedAt {
                checkVariables(of: stage, &start, file.expander)
                environment = start
            }
            known.append(environment)
            if let name = stage.name { byName[name] = stage.index }
        }
    }

    private mutating func checkFromVariables(
        _ stage: Stage, _ globals: GlobalArguments, _ declared: Set<String>, _ expander: WordExpander,
        isStage: (String) -> Bool
    ) {
        for word in [stage.from.image, stage.from.platform?.word].compactMap({ $0 }) {
            guard let expansion = try? expander.expansion(word.text, lookup: { globals[$0] }) else { continue }
            for name in expansion.unset where !declared.contains(name) {
                add(
                    .undefinedArgInFrom, "FROM uses the argument `\(name)`, which is not declared", at: word.range,
                    of: stage.node,
                    hint: Suggestion.hint(for: name, among: declared.sorted())
                        ?? "put ARG \(name) before the first FROM")
            }
            if word == stage.from.image, !expansion.used.isEmpty, !isStage(expansion.value),
                !ImageName.isWellFormed(expansion.value)
            {
                add(
                    .invalidDefaultArgInFrom, "without build arguments the image is `\(expansion.value)`",
                    at: word.range, of: stage.node, hint: "give the argument a default")
            }
        }
    }

    /// Carries out what sets variables in the stage, and looks at every word on the way.
    mutating func checkVariables(of stage: Stage, _ environment: inout StageEnvironment, _ expander: WordExpander) {
        for instruction in stage.instructions {
            if case .arg(let arguments) = instruction.instruction {
                // A default that is overridden is not even looked at.
                for pair in arguments.arguments {
                    if let value = pair.value, !environment.isGiven(pair.name.text) {
                        report(
                            try? expander.expansion(value.text, lookup: environment.lookup).unset, environment,
                            at: value.range, of: instruction.node)
                    }
                    _ = try? environment.declare(ArgInstruction(arguments: [pair]))
                }
                continue
            }
            for (text, isHeredoc, range) in instruction.instruction.expandedTexts {
                let lookup = environment.lookup
                let expansion =
                    isHeredoc
                    ? try? WordExpander.expandHeredoc(text, lookup: lookup)
                    : try? expander.expansion(text, lookup: lookup)
                report(expansion?.unset, environment, at: range, of: instruction.node)
            }
            if case .env(let pairs) = instruction.instruction { _ = try? environment.set(pairs) }
        }
    }

    private mutating func report(
        _ unset: [String]?, _ environment: StageEnvironment, at range: SourceRange, of node: InstructionNode
    ) {
        for name in unset ?? [] where !environment.declares(name) {
            add(
                .undefinedVar, "nothing sets the variable `\(name)`", at: range, of: node,
                hint: Suggestion.hint(for: name, among: environment.names))
        }
    }
}

extension Instruction {
    /// What the builder expands with the variables before the instruction.
    fileprivate var expandedTexts: [(text: String, isHeredoc: Bool, range: SourceRange)] {
        switch self {
        case .add(let add):
            words([add.owner?.word, add.mode?.word, add.checksum?.word, add.destination]) + texts(add.sources)
        case .copy(let copy): words([copy.owner?.word, copy.mode?.word, copy.destination]) + texts(copy.sources)
        case .env(let pairs), .label(let pairs): words(pairs.pairs.flatMap { [$0.name, $0.value] })
        case .expose(let expanded), .volume(let expanded): words(expanded)
        case .run(let run):
            run.mounts.flatMap { mount in
                mount.fields.filter { $0.key != "from" }.compactMap(\.value).map { ($0, false, mount.range) }
            }
        case .stopsignal(let word), .user(let word), .workdir(let word): words([word])
        default: []
        }
    }

    private func words(_ words: [Word?]) -> [(text: String, isHeredoc: Bool, range: SourceRange)] {
        words.compactMap { word in word.map { ($0.text, false, $0.range) } }
    }

    private func texts(_ sources: [CopySource]) -> [(text: String, isHeredoc: Bool, range: SourceRange)] {
        sources.compactMap { source in
            switch source {
            case .path(let word): (word.text, false, word.range)
            case .heredoc(let heredoc):
                heredoc.expands ? (heredoc.content, true, heredoc.bodyRange ?? heredoc.token.range) : nil
            }
        }
    }
}
