/// One `FROM` and the instructions up to the next.
package struct Stage: Sendable {
    /// Its number, which `COPY --from=` may use, and which counts every FROM.
    package let index: Int
    package let from: FromInstruction
    package let node: InstructionNode
    package internal(set) var instructions: [StageInstruction]

    /// Lower case; nil without `AS`.
    package var name: String? { from.stageName }
}

/// A file understood: global arguments, stages, and every mistake of syntax, flags, arguments and structure.
package struct DockerfileStages: Sendable {
    package let syntax: ParsedDockerfile
    /// The ARG instructions before the first FROM.
    package let globalArguments: [StageInstruction]
    package let stages: [Stage]
    /// In the order of the file. The stages may only be built when there is no error among them.
    package let diagnostics: [Diagnostic]
    /// The file is for another front end, which may have another language: nothing else is said about it.
    package let hasForeignFrontEnd: Bool
    /// The stages of each name, in the order of the file.
    private let named: [String: [Int]]

    /// The build argument whose value takes the place of the file's `# syntax=`.
    package static let frontEndArgument = "BUILDKIT_SYNTAX"

    package var source: SourceText { syntax.source }
    package var directives: ParserDirectives { syntax.directives }
    package var expander: WordExpander { syntax.expander }

    /// `frontEnd` is the value of that argument.
    package init(_ parsed: ParsedDockerfile, frontEnd: String? = nil) {
        var reader = InstructionReader(escape: parsed.directives.escape)
        var globals: [StageInstruction] = []
        var stages: [Stage] = []
        var misplaced: [Diagnostic] = []
        var hasFrom = false
        for node in parsed.instructions {
            let instruction = reader.read(node)
            if node.keyword == .from { hasFrom = true }
            switch (node.keyword, instruction?.instruction) {
            case (.from, .from(let from)?):
                stages.append(Stage(index: stages.count, from: from, node: node, instructions: []))
            case (.from, _): break
            case (.arg, _) where !hasFrom:
                if let instruction { globals.append(instruction) }
            case _ where !hasFrom:
                misplaced.append(
                    .error(
                        "\(node.keyword.uppercased) stands before the first FROM", at: node.spelling.range,
                        hint: "only ARG may"))
            default:
                if let instruction, !stages.isEmpty { stages[stages.count - 1].instructions.append(instruction) }
            }
        }
        syntax = parsed
        globalArguments = globals
        self.stages = stages
        var named: [String: [Int]] = [:]
        for stage in stages { if let name = stage.name { named[name, default: []].append(stage.index) } }
        self.named = named
        if let foreign = Self.frontEndError(parsed, frontEnd) {
            hasForeignFrontEnd = true
            diagnostics = [foreign]
            return
        }
        hasForeignFrontEnd = false
        var structure = misplaced + Self.sourceErrors(stages, named)
        if !hasFrom, misplaced.isEmpty, !parsed.diagnostics.hasErrors {
            structure.append(
                .error(
                    "the Dockerfile has no stages to build", at: parsed.instructions.last?.range,
                    hint: "add a FROM instruction"))
        }
        diagnostics = (parsed.diagnostics + reader.diagnostics + structure).inOrder
    }

    /// The last stage of that name or number, if any; names compare without case.
    package func stage(named name: String, before index: Int? = nil) -> Stage? {
        let end = index ?? stages.count
        return named[name.lowercased()]?.last { $0 < end }.map { stages[$0] }
    }

    /// What `COPY --from=` or `--target` means: a name, else a number.
    package func stage(_ reference: String, before index: Int? = nil) -> Stage? {
        if let stage = stage(named: reference, before: index) { return stage }
        guard let number = Int(reference), reference.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return number < min(index ?? stages.count, stages.count) ? stages[number] : nil
    }

    private static func sourceErrors(_ stages: [Stage], _ named: [String: [Int]]) -> [Diagnostic] {
        var errors: [Diagnostic] = []
        for stage in stages {
            for instruction in stage.instructions {
                for source in instruction.sourceNames {
                    guard let mistake = mistake(in: source, of: stage, among: stages.count, named) else { continue }
                    errors.append(.error(mistake.message, at: source.range, hint: mistake.hint))
                }
            }
        }
        return errors
    }

    /// Why the stage cannot take files from what an instruction names: that is the stage itself, a later one, or a
    /// number that does not exist.
    package func mistake(in source: SourceName, of stage: Stage) -> (message: String, hint: String?)? {
        Self.mistake(in: source, of: stage, among: stages.count, named)
    }

    private static func mistake(
        in source: SourceName, of stage: Stage, among count: Int, _ named: [String: [Int]]
    ) -> (message: String, hint: String?)? {
        if source.allowsNumber, source.name.utf8.allSatisfy(\.isASCIIDigit), let number = Int(source.name) {
            guard number >= stage.index else { return nil }
            return (
                number < count
                    ? "stage \(number) needs to be defined before this one" : "there is no stage \(number)",
                "stages count from 0; this is stage \(stage.index)"
            )
        }
        guard let first = named[source.name.lowercased()]?.first, first >= stage.index else { return nil }
        return first == stage.index
            ? ("the stage `\(source.name)` cannot be its own source", nil)
            : ("stage `\(source.name)` needs to be defined before this one", nil)
    }

    private static func frontEndError(_ parsed: ParsedDockerfile, _ replacement: String?) -> Diagnostic? {
        guard let image = replacement ?? parsed.directives.syntax?.text else { return nil }
        var name = image.prefix { $0 != "@" }
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
        if name.hasPrefix("docker.io/") { name.removeFirst("docker.io/".count) }
        if ["docker/dockerfile", "docker/dockerfile-upstream", "dockerfile.v0"].contains(name) { return nil }
        if replacement != nil {
            return .error(
                "the front end `\(image)`, which \(frontEndArgument) asks for, is not supported", at: nil,
                hint: "the language of docker/dockerfile is built in; leave out the build argument or name that image")
        }
        return .error(
            "the front end `\(image)` is not supported", at: parsed.directives.syntax?.range,
            hint: "the language of docker/dockerfile is built in; remove the line or name that image")
    }
}
