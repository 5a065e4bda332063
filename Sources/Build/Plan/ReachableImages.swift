internal import Dockerfile
internal import OCI

/// The images that some stages need, directly or through other stages. An image's ONBUILD triggers may need more: they
/// are known once its configuration is.
struct ReachableImages {
    private(set) var references: [ImageKey: SourceRange] = [:]
    private var visited: Set<Int> = []
    private let names: SourceNames
    private let known: [ImageKey: BaseImage]

    init(from targets: [Stage], _ names: SourceNames, known: [ImageKey: BaseImage]) throws {
        self.names = names
        self.known = known
        for target in targets { try visit(target) }
    }

    private mutating func visit(_ stage: Stage) throws {
        guard visited.insert(stage.index).inserted else { return }
        if let replacement = try names.replacement(of: stage) {
            return try visit(replacement, at: stage.from.image.range)
        }
        let base = try names.base(of: stage)
        try visit(base, at: stage.from.image.range)
        if case .image(let key) = base, let image = known[key] {
            for trigger in try image.triggers(at: stage.from.image.range) { try visit(trigger, of: stage) }
        }
        if case .stage(let parent) = base {
            for case .onbuild(let onbuild) in parent.instructions.map(\.instruction) {
                try visit(onbuild.trigger, of: stage)
            }
        }
        for instruction in stage.instructions { try visit(instruction, of: stage) }
    }

    private mutating func visit(_ instruction: StageInstruction, of stage: Stage) throws {
        for source in instruction.sourceNames {
            try visit(names.source(source.name, before: stage, allowsNumber: source.allowsNumber), at: source.range)
        }
    }

    private mutating func visit(_ source: NamedSource, at range: SourceRange) throws {
        switch source {
        case .scratch, .files: break
        case .stage(let stage): try visit(stage)
        case .image(let key): references[key] = references[key] ?? range
        }
    }
}

extension BaseImage {
    /// The instructions that run before those of a stage that starts from the image; `range` is where it does.
    func triggers(at range: SourceRange) throws -> [StageInstruction] {
        let texts = config[runtime: "OnBuild"]?.arrayValue?.compactMap(\.stringValue) ?? []
        do throws(OnbuildTriggers.TriggerError) { return try OnbuildTriggers(texts).instructions } catch {
            throw PlanError(
                .error("the ONBUILD trigger `\(error.text)` of `\(reference)` is invalid: \(error.message)", at: range))
        }
    }
}
