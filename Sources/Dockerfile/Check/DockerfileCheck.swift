/// Everything that can be said about a file without building it.
package enum DockerfileCheck {
    /// The build argument whose value replaces the file's `# check=`.
    package static let argumentName = "BUILDKIT_DOCKERFILE_CHECK"

    /// All errors of the language and the findings of the lint rules, in the order of the file. `ignore` is the
    /// context's ignore file, for the rule that needs it; `directive` stands in for the file's `# check=`. With `stages`
    /// the rules about what instructions do look at these only, as a build does that needs no others.
    package static func check(
        _ file: DockerfileStages, ignore: IgnoreFile? = nil, directive: String? = nil,
        buildArguments: [String: String] = [:], stages: Set<Int>? = nil
    ) -> [Diagnostic] {
        // A file in another language has no more to be said about it.
        guard !file.hasForeignFrontEnd else { return file.diagnostics }
        let settings = LintSettings(file, directive: directive)
        var findings = LintFindings(settings)
        findings.checkWriting(file.syntax)
        findings.checkGlobals(file)
        let globals = file.globals(buildArguments: buildArguments)
        let references = StageReferences(file, globals: globals)
        for stage in file.stages where stages?.contains(stage.index) ?? true {
            findings.checkFrom(stage, in: file)
            findings.checkInstructions(of: stage, after: references.base(of: stage), ignore: ignore)
        }
        findings.checkVariables(file, globals, in: stages)
        return (file.diagnostics + settings.mistakes + findings.diagnostics).inOrder
    }

    package static func check(
        _ parsed: ParsedDockerfile, ignore: IgnoreFile? = nil, directive: String? = nil
    ) -> [Diagnostic] {
        check(DockerfileStages(parsed), ignore: ignore, directive: directive)
    }

    /// The finding about a stage whose base image turned out to be for another platform than the stage; nil when
    /// platforms agree or nobody wants to know. Both are `os/architecture[/variant]`.
    package static func basePlatform(
        _ base: String, isNot expected: String, for stage: Stage, _ settings: LintSettings
    ) -> Diagnostic? {
        guard base != expected else { return nil }
        var findings = LintFindings(settings)
        findings.add(
            .invalidBaseImagePlatform,
            "the base image `\(stage.from.image.text)` is for \(base), the stage for \(expected)",
            at: stage.from.image.range, of: stage.node)
        return findings.diagnostics.first
    }

    /// The variables that nothing sets in a stage that begins with these: its base's, and what triggers have set.
    package static func unsetVariables(
        of stage: Stage, after environment: StageEnvironment, in file: DockerfileStages, _ settings: LintSettings
    ) -> [Diagnostic] {
        var findings = LintFindings(settings)
        var environment = environment
        findings.checkVariables(of: stage, &environment, file.expander)
        return findings.diagnostics
    }
}

extension DockerfileStages {
    /// The global arguments as they are on the commonest platform.
    func globals(buildArguments: [String: String]) -> GlobalArguments {
        let platform = PlatformArguments(
            target: .init(os: "linux", architecture: "amd64"), build: .init(os: "linux", architecture: "amd64"),
            stage: stages.last?.name)
        var globals = GlobalArguments(buildArguments: buildArguments, platform: platform, expander: expander)
        for case .arg(let arguments) in globalArguments.map(\.instruction) { try? globals.declare(arguments) }
        return globals
    }
}

/// Collects findings, less those that the file or the instruction asks to skip.
struct LintFindings {
    /// More findings than this are of no use to anyone.
    private static let maximum = 200
    private(set) var diagnostics: [Diagnostic] = []
    private let settings: LintSettings
    /// The first stage of each name.
    var stageNames: [String: Int] = [:]
    /// What stages leave to those that go on from them.
    var legacies: [Int: StageLegacy] = [:]

    init(_ settings: LintSettings) {
        self.settings = settings
    }

    mutating func add(
        _ rule: LintRule, _ message: String, at range: SourceRange, of node: InstructionNode,
        hint: @autoclosure () -> String? = nil
    ) {
        guard diagnostics.count < Self.maximum else { return }
        let finding = Diagnostic(.warning, message, at: range, rule: rule.rawValue)
        guard let wanted = settings.adjusted(finding, of: node) else { return }
        diagnostics.append(Diagnostic(wanted.severity, message, at: range, rule: rule.rawValue, hint: hint()))
    }
}

/// What the rules remember of a stage for the stages that go on from it.
struct StageLegacy {
    /// nil as long as no SHELL was given.
    var shell: [String]?
    var hasWorkdir = false
}
