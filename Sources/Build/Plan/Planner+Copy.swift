internal import Dockerfile
internal import OCI

/// COPY, and what ADD shares with it.
extension Planner {
    mutating func plan(
        _ copy: CopyInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
        if copy.isLinked { throw PlanError.unsupported("COPY --link", at: instruction.range) }
        if copy.keepsParents { throw PlanError.unsupported("COPY --parents", at: instruction.range) }
        if let exclude = copy.excludes.first { throw PlanError.unsupported("COPY --exclude", at: exclude.range) }
        var origin = CopyOperation.Origin.context(0)
        var sources: [VertexID] = []
        if let from = copy.from {
            switch try source(from.text, before: stage, allowsNumber: true) {
            case .context(let number): origin = .context(number)
            case .vertex(let vertex):
                origin = .stage
                sources = [vertex]
            }
        }
        let operation = try copyOperation(
            copy.sources, to: copy.destination, owner: copy.owner, mode: copy.mode, origin: origin, unpacks: false,
            &state)
        extend(&state, with: .copy(operation), sources: sources, instruction, history: Self.history("COPY", operation))
    }

    func copyOperation(
        _ sources: [CopySource], to destination: Word, owner: FlagValue?, mode: FlagValue?,
        origin: CopyOperation.Origin, unpacks: Bool, _ state: inout StageState
    ) throws -> CopyOperation {
        var paths: [String] = []
        var inline: [CopyOperation.InlineFile] = []
        for source in sources {
            switch source {
            case .path(let word): paths.append(try state.environment.expand(word))
            case .heredoc(let heredoc):
                inline.append(.init(name: heredoc.name, bytes: try Self.body(of: heredoc, state)))
            }
        }
        let target = try state.environment.expand(destination)
        let path = state.absolute(target.isEmpty ? "./" : target)
        if paths.count + inline.count > 1, !path.hasSuffix("/") {
            throw PlanError(
                .error(
                    "several sources need a directory as destination", at: destination.range,
                    hint: "end it with a slash: `\(target)/`"))
        }
        var change: FileModeChange?
        let modeText = try mode.map { try state.environment.expand($0.word) }
        if let mode, let modeText {
            change = FileModeChange(modeText)
            if change == nil {
                throw PlanError(
                    .error(
                        "invalid mode `\(modeText)`", at: mode.range,
                        hint: "use octal digits up to 7777, or symbolic changes such as u=rwX,go=rX"))
            }
        }
        return CopyOperation(
            origin: origin, sources: paths, inlineFiles: inline, destination: path,
            owner: try owner.map { try state.environment.expand($0.word) }, mode: change, modeText: modeText,
            unpacksArchives: unpacks, epoch: state.commandEpoch)
    }

    private static func body(of heredoc: Heredoc, _ state: StageState) throws -> [UInt8] {
        guard heredoc.expands else { return Array(heredoc.content.utf8) }
        do throws(ExpansionError) {
            return Array(try WordExpander.expandHeredoc(heredoc.content, lookup: state.environment.lookup).value.utf8)
        } catch { throw PlanError(.error(error.message, at: heredoc.bodyRange ?? heredoc.token.range)) }
    }

    static func history(_ instruction: String, _ copy: CopyOperation) -> String {
        var words = [instruction]
        if let owner = copy.owner { words.append("--chown=\(owner)") }
        if let mode = copy.modeText { words.append("--chmod=\(mode)") }
        words += copy.sources + copy.inlineFiles.map { "<<\($0.name)" }
        return (words + [copy.destination, "# buildkit"]).joined(separator: " ")
    }
}
