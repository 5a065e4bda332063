internal import Dockerfile
internal import OCI

/// One instruction after the other: what changes files becomes a vertex, the rest changes the configuration.
extension Planner {
    mutating func plan(_ instruction: StageInstruction, in stage: Stage, _ state: inout StageState) throws {
        switch instruction.instruction {
        case .run(let run): try plan(run, instruction, &state)
        case .copy(let copy): try plan(copy, instruction, in: stage, &state)
        case .add(let add): try plan(add, instruction, &state)
        case .workdir(let word): try plan(workdir: word, instruction, &state)
        case .arg(let arg): try declare(arg, &state)
        case .onbuild: throw PlanError.unsupported("ONBUILD", at: instruction.range)
        default:
            let text = try configure(instruction.instruction, &state)
            record("\(instruction.keyword.uppercased) \(text)", isEmpty: true, &state)
        }
    }

    private mutating func declare(_ arg: ArgInstruction, _ state: inout StageState) throws {
        try state.environment.declare(arg)
        let text = arg.arguments.map { pair in
            pair.name.text + (state.environment[pair.name.text].map { "=" + $0 } ?? "")
        }
        record("ARG " + text.joined(separator: " "), isEmpty: true, &state)
    }

    /// Adds an entry to the image's history in the words that other builders use, which tools read.
    func record(_ text: String, isEmpty: Bool, _ state: inout StageState) {
        state.history.append(
            HistoryEntry(
                created: RFC3339.text(request.created), createdBy: text, comment: "buildkit.dockerfile.v0",
                isEmptyLayer: isEmpty))
    }

    /// Adds a vertex on top of the stage and the step that people see.
    mutating func extend(
        _ state: inout StageState, with operation: Operation, source: VertexID? = nil, _ instruction: StageInstruction,
        history: String
    ) {
        state.stepIndex += 1
        let step = Step(
            number: steps.count + 1, stage: state.stageName, index: state.stepIndex,
            count: stepCount(of: state.stageName), title: Self.title(of: instruction), keyword: instruction.keyword,
            range: instruction.range)
        let before = graph.vertices.count
        state.vertex = graph.add(operation, inputs: [state.vertex] + (source.map { [$0] } ?? []), step: step)
        if graph.vertices.count > before { steps.append(step) }
        record(history, isEmpty: false, &state)
    }

    private func stepCount(of stageName: String) -> Int {
        let stage = dockerfile.stages.last { ($0.name ?? String($0.index)) == stageName }
        return stage?.instructions.count { [.run, .copy, .add, .workdir].contains($0.keyword) } ?? 0
    }

    private static func title(of instruction: StageInstruction) -> String {
        let flags = instruction.node.flags.map { $0.text + " " }.joined()
        let text = instruction.node.text.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "\(instruction.keyword.uppercased) \(flags)\(text)"
    }

    // MARK: RUN

    private mutating func plan(_ run: RunInstruction, _ instruction: StageInstruction, _ state: inout StageState) throws
    {
        if let mount = run.mounts.first { throw PlanError.unsupported("RUN --mount", at: mount.range) }
        if let device = run.devices.first { throw PlanError.unsupported("RUN --device", at: device.range) }
        if run.security == .insecure { throw PlanError.unsupported("RUN --security=insecure", at: instruction.range) }
        if run.network == .host { throw PlanError.unsupported("RUN --network=host", at: instruction.range) }
        var script: RunOperation.Script?
        let arguments: [String]
        var shown: String
        switch run.command {
        case .shell(let text):
            arguments = state.shell + [text.text]
            shown = arguments.joined(separator: " ")
        case .exec(let words):
            arguments = words.map(\.text)
            shown = arguments.joined(separator: " ")
        case .shellWithHeredocs(let text, _):
            arguments = state.shell + [text]
            shown = arguments.joined(separator: " ")
        case .script(let heredoc):
            let body = heredoc.content
            if let program = RunOperation.Script(body, named: heredoc.name) {
                script = program
                arguments = program.arguments
            } else {
                arguments = state.shell + [body]
            }
            shown = (state.shell + ["<<\(heredoc.name) (\(body))"]).joined(separator: " ")
        }
        if let prefix = state.environment.historyPrefix { shown = "\(prefix) \(shown)" }
        var environment = state.environment.run
        if environment["SOURCE_DATE_EPOCH"] == nil { environment["SOURCE_DATE_EPOCH"] = String(state.commandEpoch) }
        let operation = RunOperation(
            arguments: arguments, environment: environment.assignments,
            workingDirectory: state.workingDirectory, user: state.config.user,
            network: run.network.map { $0 == .none ? .none : .default } ?? request.network, script: script,
            platform: request.platform, epoch: state.commandEpoch)
        extend(&state, with: .run(operation), instruction, history: "RUN \(shown) # buildkit")
    }

    // MARK: COPY and ADD

    private mutating func plan(
        _ copy: CopyInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
        if copy.isLinked { throw PlanError.unsupported("COPY --link", at: instruction.range) }
        if copy.keepsParents { throw PlanError.unsupported("COPY --parents", at: instruction.range) }
        if let exclude = copy.excludes.first { throw PlanError.unsupported("COPY --exclude", at: exclude.range) }
        var source: VertexID?
        if let from = copy.from {
            if let other = dockerfile.stage(from.text, before: stage.index) {
                source = try plan(other).vertex
            } else {
                source = imageVertex(from.text)
            }
        }
        let operation = try copyOperation(
            copy.sources, to: copy.destination, owner: copy.owner, mode: copy.mode,
            origin: source == nil ? .context(0) : .stage, unpacks: false, &state)
        extend(
            &state, with: .copy(operation), source: source, instruction,
            history: Self.history("COPY", operation))
    }

    private mutating func plan(_ add: AddInstruction, _ instruction: StageInstruction, _ state: inout StageState) throws
    {
        if add.isLinked { throw PlanError.unsupported("ADD --link", at: instruction.range) }
        if let checksum = add.checksum { throw PlanError.unsupported("ADD --checksum", at: checksum.range) }
        if add.keepsGitDirectory { throw PlanError.unsupported("ADD --keep-git-dir", at: instruction.range) }
        if let exclude = add.excludes.first { throw PlanError.unsupported("ADD --exclude", at: exclude.range) }
        let operation = try copyOperation(
            add.sources, to: add.destination, owner: add.owner, mode: add.mode, origin: .context(0),
            unpacks: add.unpacks ?? true, &state)
        if let remote = operation.sources.first(where: Self.isRemote) {
            throw PlanError.unsupported("ADD from `\(remote)`", at: instruction.range)
        }
        extend(&state, with: .copy(operation), instruction, history: Self.history("ADD", operation))
    }

    private func copyOperation(
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
        } catch {
            throw PlanError(.error(error.message, at: heredoc.bodyRange ?? heredoc.token.range))
        }
    }

    private static func isRemote(_ source: String) -> Bool {
        source.contains("://") || source.hasPrefix("git@")
    }

    private static func history(_ instruction: String, _ copy: CopyOperation) -> String {
        var words = [instruction]
        if let owner = copy.owner { words.append("--chown=\(owner)") }
        if let mode = copy.modeText { words.append("--chmod=\(mode)") }
        words += copy.sources + copy.inlineFiles.map { "<<\($0.name)" }
        return (words + [copy.destination, "# buildkit"]).joined(separator: " ")
    }

    // MARK: WORKDIR

    private mutating func plan(workdir word: Word, _ instruction: StageInstruction, _ state: inout StageState) throws {
        let text = try state.environment.expand(word)
        guard !text.isEmpty else { throw PlanError(.error("the working directory is empty", at: word.range)) }
        var path = state.absolute(text)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        state.config.workingDirectory = path
        guard path != "/" else {
            record("WORKDIR /", isEmpty: true, &state)
            return
        }
        let operation = DirectoryOperation(path: path, user: state.config.user, epoch: state.commandEpoch)
        extend(&state, with: .makeDirectory(operation), instruction, history: "WORKDIR \(path)")
    }
}
