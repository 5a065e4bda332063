internal import Dockerfile
internal import OCI

/// An image reference with its place in the file.
struct FromReference: Sendable {
    let text: String
    let range: SourceRange

    func parsed() throws -> ImageReference {
        do {
            return try ImageReference(parsing: text)
        } catch {
            throw PlanError(.error(error.message, at: range))
        }
    }
}

/// The images that some stages need, directly or through other stages.
struct ReachableImages {
    private(set) var references: [String: FromReference] = [:]
    private var visited: Set<Int> = []
    private let dockerfile: DockerfileStages
    private let globals: GlobalArguments

    init(from targets: [Stage], in dockerfile: DockerfileStages, globals: GlobalArguments) throws {
        self.dockerfile = dockerfile
        self.globals = globals
        for target in targets { try visit(target) }
    }

    private mutating func visit(_ stage: Stage) throws {
        guard visited.insert(stage.index).inserted else { return }
        let name = try globals.expand(stage.from.image)
        guard !name.isEmpty else {
            throw PlanError(
                .error(
                    "the base name `\(stage.from.image.text)` is empty once expanded", at: stage.from.image.range,
                    hint: "give the argument a default before the first FROM, or pass --build-arg"))
        }
        if let parent = dockerfile.stage(named: name, before: stage.index) {
            try visit(parent)
        } else if name != "scratch" {
            references[name] = references[name] ?? FromReference(text: name, range: stage.from.image.range)
        }
        for instruction in stage.instructions {
            guard case .copy(let copy) = instruction.instruction, let from = copy.from else { continue }
            if let source = dockerfile.stage(from.text, before: stage.index) {
                try visit(source)
            } else {
                references[from.text] = references[from.text] ?? FromReference(text: from.text, range: from.range)
            }
        }
    }
}
