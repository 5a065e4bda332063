internal import Dockerfile
internal import OCI

/// The images that some stages need, directly or through other stages. An image's ONBUILD triggers may need more: they
/// are known once its configuration is. Stages may stand on each other a thousand deep, so nothing here recurses.
struct ReachableImages {
    private(set) var references: [ImageKey: SourceRange] = [:]
    private var visited: Set<Int> = []
    private var pending: [Stage] = []
    private let names: SourceNames
    private let known: [ImageKey: BaseImage]

    init(from targets: [Stage], _ names: SourceNames, known: [ImageKey: BaseImage]) throws {
        self.names = names
        self.known = known
        targets.forEach { add($0) }
        while let stage = pending.popLast() { try visit(stage) }
    }

    /// The stages themselves. A stage is behind all that it needs.
    var stages: [Stage] { visited.sorted().map { names.dockerfile.stages[$0] } }

    private mutating func add(_ stage: Stage) {
        if visited.insert(stage.index).inserted { pending.append(stage) }
    }

    private mutating func visit(_ stage: Stage) throws {
        if let replacement = try names.replacement(of: stage) {
            return add(replacement, at: stage.from.image.range)
        }
        let base = try names.base(of: stage)
        add(base, at: stage.from.image.range)
        for trigger in try triggers(of: base, broughtBy: stage) {
            for source in trigger.sourceNames {
                if let mistake = names.dockerfile.mistake(in: source, of: stage) {
                    throw PlanError.inTrigger(
                        trigger, broughtBy: stage, .error(mistake.message, at: nil, hint: mistake.hint))
                }
            }
            add(trigger, of: stage, at: stage.from.image.range)
        }
        for instruction in stage.instructions { add(instruction, of: stage) }
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
    private mutating func add(_ instruction: StageInstruction, of stage: Stage, at range: SourceRange? = nil) {
        for source in instruction.sourceNames {
            add(names.source(source.name, before: stage, allowsNumber: source.allowsNumber), at: range ?? source.range)
        }
    }

    private mutating func add(_ source: NamedSource, at range: SourceRange) {
        switch source {
        case .scratch, .files: break
        case .stage(let stage): add(stage)
        case .image(let key): references[key] = references[key] ?? range
        }
    }
}
