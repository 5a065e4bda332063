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
        for trigger in try triggers(of: base, broughtBy: stage) {
            for source in trigger.sourceNames {
                if let mistake = names.dockerfile.mistake(in: source, of: stage) {
                    throw PlanError.inTrigger(
                        trigger, broughtBy: stage, .error(mistake.message, at: nil, hint: mistake.hint))
                }
            }
            try visit(trigger, of: stage, at: stage.from.image.range)
        }
        for instruction in stage.instructions { try visit(instruction, of: stage) }
    }

    /// What the base leaves to the stages that start from it, as far as its image is known.
    private func triggers(of base: NamedSource, broughtBy stage: Stage) throws -> [StageInstruction] {
        switch base {
        case .scratch, .files: return []
        case .image(let key): return try known[key]?.config.triggers(broughtBy: stage) ?? []
        case .stage(let parent):
            if let replacement = try names.replacement(of: parent) {
                return try triggers(of: replacement, broughtBy: stage)
            }
            return parent.instructions.compactMap { instruction in
                if case .onbuild(let onbuild) = instruction.instruction { onbuild.trigger } else { nil }
            }
        }
    }

    /// `range` stands for that of a trigger, which has none in the file.
    private mutating func visit(_ instruction: StageInstruction, of stage: Stage, at range: SourceRange? = nil) throws {
        for source in instruction.sourceNames {
            try visit(
                names.source(source.name, before: stage, allowsNumber: source.allowsNumber), at: range ?? source.range)
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
