internal import Dockerfile

extension SourceNames {
    /// Warnings about named contexts that nothing in the file names.
    func unusedContexts() -> [Diagnostic] {
        let stages = dockerfile.stages
        var used = stages.compactMap(\.name)
        for stage in stages {
            // What cannot be resolved is an error where it is needed.
            if let image = try? globals.resolve(stage.from).image { used.append(image) }
            used += stage.instructions.flatMap(\.sourceNames).map(\.name)
        }
        return contexts.names.filter { !contexts.isUsed($0, by: used, on: platform) }.map { name in
            let near = Suggestion.nearest(to: name, among: used)
            return Diagnostic(
                .warning, "no stage and no image is called `\(name)`: that named context is not used", at: nil,
                hint: near.map { "did you mean `\($0)`?" })
        }
    }

    /// Warnings about build arguments that no ARG asks for, be it in a stage that is not built. `declared` are those of
    /// triggers besides.
    func unusedArguments(declared: Set<String>) -> [Diagnostic] {
        let instructions = dockerfile.globalArguments + dockerfile.stages.flatMap(\.instructions)
        var known = declared
        for instruction in instructions {
            switch instruction.instruction {
            case .arg(let arg): known.formUnion(arg.arguments.map(\.name.text))
            case .onbuild(let onbuild):
                if case .arg(let arg) = onbuild.trigger.instruction {
                    known.formUnion(arg.arguments.map(\.name.text))
                }
            default: break
            }
        }
        return globals.unusedArguments(besides: known).map { name in
            Diagnostic(
                .warning, "no ARG declares `\(name)`: that build argument is not used", at: nil,
                hint: Suggestion.hint(for: name, among: known.sorted()))
        }
    }
}
