internal import Dockerfile
internal import OCI

/// COPY, and what ADD shares with it.
extension Planner {
    mutating func plan(
        _ copy: CopyInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
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
        var operation = try copyOperation(
            copy.sources, to: copy.destination, owner: copy.owner, mode: copy.mode, excludes: copy.excludes,
            isLinked: copy.isLinked, keepsParents: copy.keepsParents, origin: origin, unpacks: false, &state)
        for (index, source) in operation.sources.enumerated() where RemoteSource.isRemote(source) {
            throw PlanError(
                .error("COPY does not fetch `\(source)`", at: operation.places[index], hint: "use ADD"))
        }
        operation.originTitle = copy.from.map { "`\($0.text)`" }
        extend(&state, with: operation, sources: sources, instruction, history: Self.history("COPY", operation))
    }

    /// Adds the copy on top of the stage. A linked one is made on nothing, beside the stage, and put on top as it is.
    mutating func extend(
        _ state: inout StageState, with copy: CopyOperation, sources: [VertexID] = [],
        _ instruction: StageInstruction, history: String
    ) {
        var copy = copy
        // What stands in a trigger has no place in the file.
        if let range = state.triggerRange { copy.places = copy.places.map { _ in range } }
        guard copy.isLinked else {
            return extend(&state, with: .copy(copy), sources: sources, instruction, history: history)
        }
        let base = state.vertex
        state.vertex = graph.add(.scratch, inputs: [], step: nil)
        extend(&state, with: .copy(copy), sources: sources, instruction, history: history)
        state.vertex = graph.add(.merge, inputs: [base, state.vertex], step: nil)
    }

    func copyOperation(
        _ sources: [CopySource], to destination: Word, owner: FlagValue?, mode: FlagValue?,
        excludes: [FlagValue] = [], isLinked: Bool = false, keepsParents: Bool = false,
        origin: CopyOperation.Origin, unpacks: Bool, _ state: inout StageState
    ) throws -> CopyOperation {
        var paths: [String] = []
        var places: [SourceRange] = []
        var inline: [CopyOperation.InlineFile] = []
        for source in sources {
            switch source {
            case .path(let word):
                paths.append(try state.environment.expand(word))
                places.append(word.range)
            case .heredoc(let heredoc):
                inline.append(.init(name: heredoc.name, bytes: try Self.body(of: heredoc, state)))
            }
        }
        let target = try state.environment.expand(destination)
        var path = state.absolute(target.isEmpty ? "./" : target)
        if paths.count + inline.count > 1, !path.hasSuffix("/") {
            guard keepsParents else {
                throw PlanError(
                    .error(
                        "several sources need a directory as destination", at: destination.range,
                        hint: target.hasPrefix("--")
                            ? "flags stand before the sources" : "end it with a slash: `\(target)/`"))
            }
            path += "/"
        }
        // An empty mode is none, as it is when a variable without value gives it.
        let modeText = try mode.map { try state.environment.expand($0.word) }.flatMap { $0.isEmpty ? nil : $0 }
        let declared = state.environment["SOURCE_DATE_EPOCH"].flatMap(Int64.init)
        var operation = CopyOperation(
            origin: origin, sources: paths, inlineFiles: inline, destination: path,
            owner: try owner.map { try self.owner($0, isLinked: isLinked, state) }.flatMap { $0.isEmpty ? nil : $0 },
            mode: try modeText.flatMap { text in try mode.map { try Self.change($0, text) } }, modeText: modeText,
            unpacksArchives: unpacks,
            epoch: isLinked ? declared ?? request.epoch ?? Self.earliestEpoch : state.commandEpoch)
        operation.destinationText = target
        operation.places = places
        operation.keepsParents = keepsParents
        operation.isLinked = isLinked
        operation.excludes = try Self.patterns(excludes)
        operation.isStrict = request.isStrict
        operation.keepsTimes = isLinked && origin == .stage && declared == nil && request.epoch == nil
        return operation
    }

    private static func change(_ flag: FlagValue, _ text: String) throws -> FileModeChange {
        guard let change = FileModeChange(text) else {
            throw PlanError(
                .error(
                    "invalid mode `\(text)`", at: flag.range,
                    hint: "use octal digits up to 7777, or symbolic changes such as u=rwX,go=rX"))
        }
        return change
    }

    private static func patterns(_ excludes: [FlagValue]) throws -> [String] {
        try excludes.map { flag in
            if let mistake = IgnoreFile(patterns: [flag.text]).diagnostics.first {
                throw PlanError(.error(mistake.message, at: flag.range, hint: mistake.hint))
            }
            return flag.text
        }
    }

    /// `user[:group]`. Names are looked up in the image, so there has to be one.
    private func owner(_ flag: FlagValue, isLinked: Bool, _ state: StageState) throws -> String {
        let owner = try state.environment.expand(flag.word)
        var isNothing = isLinked
        if case .scratch = graph[state.vertex].operation { isNothing = true }
        let name = owner.split(separator: ":").first { $0.contains { !("0"..."9").contains($0) } }
        guard isNothing, let name else { return owner }
        let reason =
            isLinked
            ? "--link makes the layer without looking at the image" : "the stage starts from scratch, without users"
        throw PlanError(
            .error(
                "the owner `\(name)` cannot be looked up: \(reason)", at: flag.range,
                hint: isLinked ? "write its number, or leave out --link" : "write its number"))
    }

    private static func body(of heredoc: Heredoc, _ state: StageState) throws -> [UInt8] {
        guard heredoc.expands else { return Array(heredoc.content.utf8) }
        do throws(ExpansionError) {
            return Array(
                try WordExpander.expandHeredoc(heredoc.content, lookup: state.environment.lookup).value.utf8
            )
        } catch {
            throw PlanError(.error(error.message, at: heredoc.range(at: error.offset)))
        }
    }

    static func history(_ instruction: String, _ copy: CopyOperation) -> String {
        var words = [instruction]
        if copy.keepsParents { words.append("--parents") }
        if let owner = copy.owner { words.append("--chown=\(owner)") }
        if let mode = copy.modeText { words.append("--chmod=\(mode)") }
        words += copy.sources + copy.inlineFiles.map { "<<\($0.name)" }
        return (words + [copy.destinationText, "# buildkit"]).joined(separator: " ")
    }
}
