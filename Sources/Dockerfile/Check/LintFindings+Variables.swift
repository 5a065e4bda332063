extension LintFindings {
    private static let maximumStages = 1_000

    /// Variables that nothing sets: in FROM lines, and in stages whose base is known to set nothing.
    mutating func checkVariables(_ file: DockerfileStages, in stages: Set<Int>?) {
        let platform = PlatformArguments(
            target: .init(os: "linux", architecture: "amd64"), build: .init(os: "linux", architecture: "amd64"),
            stage: file.stages.last?.name)
        var globals = GlobalArguments(buildArguments: [:], platform: platform, expander: file.expander)
        var declared = Set(platform.variables.keys)
        for case .arg(let arguments) in file.globalArguments.map(\.instruction) {
            try? globals.declare(arguments)
            declared.formUnion(arguments.arguments.map(\.name.text))
        }
        // The environments of stages whose every variable is known.
        var known: [StageEnvironment?] = []
        var byName: [String: Int] = [:]
        for stage in file.stages {
            // What a stage goes on from is looked at whenever the stage is.
            let isLookedAt = stages?.contains(stage.index) ?? true
            if isLookedAt { checkFromVariables(stage, globals, declared, file.expander) }
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
            if environment != nil, isLookedAt { checkStageVariables(stage, &environment, file.expander) }
            known.append(environment)
            if let name = stage.name { byName[name] = stage.index }
        }
    }

    private mutating func checkFromVariables(
        _ stage: Stage, _ globals: GlobalArguments, _ declared: Set<String>, _ expander: WordExpander
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
            let isIncomplete =
                expansion.value.isEmpty || ":@/".contains(expansion.value.last ?? " ")
                || expansion.value.hasPrefix(":")
            if word == stage.from.image, isIncomplete, !expansion.used.isEmpty {
                add(
                    .invalidDefaultArgInFrom, "without build arguments the image is `\(expansion.value)`",
                    at: word.range, of: stage.node, hint: "give the argument a default")
            }
        }
    }

    private static func names(_ environment: StageEnvironment?, _ declared: Set<String>) -> [String] {
        (environment?.run.variables.map(\.name) ?? []) + declared.sorted()
    }

    private mutating func checkStageVariables(
        _ stage: Stage, _ environment: inout StageEnvironment?, _ expander: WordExpander
    ) {
        var declared: Set<String> = []
        for instruction in stage.instructions {
            if case .arg(let arguments) = instruction.instruction {
                declared.formUnion(arguments.arguments.map(\.name.text))
            }
            for word in instruction.instruction.expandedWords {
                guard let lookup = environment?.lookup,
                    let expansion = try? expander.expansion(word.text, lookup: lookup)
                else { continue }
                for name in expansion.unset where !declared.contains(name) {
                    add(
                        .undefinedVar, "nothing sets the variable `\(name)`", at: word.range, of: instruction.node,
                        hint: Suggestion.hint(for: name, among: Self.names(environment, declared)))
                }
            }
            switch instruction.instruction {
            case .arg(let arguments): try? environment?.declare(arguments)
            case .env(let pairs): _ = try? environment?.set(pairs)
            default: break
            }
        }
    }
}

extension Instruction {
    /// The words the builder expands with the variables before the instruction.
    fileprivate var expandedWords: [Word] {
        switch self {
        case .add(let add): [add.owner?.word, add.mode?.word, add.destination].compactMap { $0 } + add.sources.words
        case .copy(let copy):
            [copy.owner?.word, copy.mode?.word, copy.destination].compactMap { $0 } + copy.sources.words
        case .env(let pairs), .label(let pairs): pairs.pairs.flatMap { [$0.name, $0.value] }
        case .expose(let words), .volume(let words): words
        case .stopsignal(let word), .user(let word), .workdir(let word): [word]
        default: []
        }
    }
}

extension [CopySource] {
    fileprivate var words: [Word] {
        compactMap { if case .path(let word) = $0 { word } else { nil } }
    }
}
