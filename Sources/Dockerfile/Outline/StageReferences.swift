/// Which stages a stage needs, as far as the file tells: what replaces stages and what triggers of base images ask for
/// is not known here.
package struct StageReferences {
    private let file: DockerfileStages
    private let globals: GlobalArguments

    package init(_ file: DockerfileStages, globals: GlobalArguments) {
        self.file = file
        self.globals = globals
    }

    /// The stage a FROM goes on from; nil for images, and when the name cannot be expanded.
    package func base(of stage: Stage) -> Stage? {
        (try? globals.expand(stage.from.image)).flatMap { file.stage(named: $0, before: stage.index) }
    }

    /// The stages a stage names, once each, in the order of the file.
    package func references(of stage: Stage) -> [Stage] {
        var indices = Set([base(of: stage)?.index].compactMap { $0 })
        for instruction in stage.instructions.map(\.instruction) {
            if case .onbuild(let onbuild) = instruction {
                // It does nothing here, but in the stages that go on from this one, which need what it names.
                indices.formUnion(sources(of: onbuild.trigger.instruction, before: stage.index))
            } else {
                indices.formUnion(sources(of: instruction, before: stage.index))
            }
        }
        return indices.sorted().map { file.stages[$0] }
    }

    private func sources(of instruction: Instruction, before index: Int) -> [Int] {
        switch instruction {
        case .copy(let copy):
            copy.from.flatMap { file.stage($0.text, before: index) }.map { [$0.index] } ?? []
        case .run(let run):
            // Mounts know no numbers.
            run.mounts.compactMap { mount in
                mount.fields.last { $0.key == "from" }?.value.flatMap { file.stage(named: $0, before: index) }?.index
            }
        default: []
        }
    }

    /// The stage and everything it needs, in the order of the file.
    package func reachable(from stage: Stage) -> [Stage] {
        var found = Set([stage.index])
        var pending = [stage]
        while let next = pending.popLast() {
            for reference in references(of: next) where found.insert(reference.index).inserted {
                pending.append(reference)
            }
        }
        return found.sorted().map { file.stages[$0] }
    }
}

/// `--target` that names no stage.
package struct UnknownTarget: Error, Hashable, Sendable {
    package let message: String
    package let hint: String?
}

extension DockerfileStages {
    /// The stage of that name or number; the last one without a name.
    package func target(_ name: String?) throws(UnknownTarget) -> Stage {
        guard let last = stages.last else {
            throw UnknownTarget(message: "\(source.name) has no stages to build", hint: nil)
        }
        guard let name else { return last }
        if let stage = stage(name) { return stage }
        let names = stages.compactMap(\.name)
        throw UnknownTarget(
            message: "\(source.name) has no stage `\(name)`",
            hint: Suggestion.hint(for: name, among: names)
                ?? (names.isEmpty ? "no stage has a name" : "its stages are: \(names.joined(separator: ", "))"))
    }
}
