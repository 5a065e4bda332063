import Build
import OCI

/// The names and files that were asked for.
struct ResultPlan {
    struct Tag {
        /// nil: the only one.
        let target: String?
        let reference: ImageReference
    }

    private(set) var tags: [Tag]
    private(set) var outputs: [BuildOutput]
    /// Whether all names are those of images in registries.
    let pushes: Bool

    /// The same with stages that are called by number under their names, as results are.
    func naming(_ stages: [String?]) -> ResultPlan {
        func name(_ target: String?) -> String? {
            guard let target, let number = Int(target), stages.indices.contains(number) else { return target }
            return stages[number] ?? target
        }
        var plan = self
        plan.tags = tags.map { Tag(target: name($0.target), reference: $0.reference) }
        for index in outputs.indices { plan.outputs[index].target = name(outputs[index].target) }
        return plan
    }

    /// What the image is called unless an output says otherwise.
    func tags(of result: BuiltTarget) -> [ImageReference] {
        tags.filter { Self.isSame($0.target, result) }.map(\.reference)
    }

    func outputs(of result: BuiltTarget) -> [BuildOutput] { outputs.filter { Self.isSame($0.target, result) } }

    /// All that names the image in the store or a registry.
    func references(of result: BuiltTarget) -> [ImageReference] {
        tags(of: result) + outputs(of: result).filter(\.isImage).flatMap(\.names)
    }

    var writesToStandardOutput: Bool { outputs.contains(where: \.writesToStandardOutput) }

    /// Stages are called by name without regard to case.
    private static func isSame(_ target: String?, _ result: BuiltTarget) -> Bool {
        target.map { $0.lowercased() == result.name } ?? true
    }
}
