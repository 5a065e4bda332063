internal import Dockerfile
internal import OCI

/// One instruction after the other: what changes files becomes a vertex, the rest changes the configuration.
extension Planner {
    mutating func plan(_ instruction: StageInstruction, in stage: Stage, _ state: inout StageState) throws {
        switch instruction.instruction {
        case .run(let run): try plan(run, instruction, in: stage, &state)
        case .copy(let copy): try plan(copy, instruction, in: stage, &state)
        case .add(let add): try plan(add, instruction, in: stage, &state)
        case .workdir(let word): try plan(workdir: word, instruction, &state)
        case .arg(let arg): try declare(arg, &state)
        case .onbuild(let onbuild):
            let before = state.config[runtime: "OnBuild"]?.arrayValue ?? []
            state.config[runtime: "OnBuild"] = .array(before + [.string(onbuild.text)])
        default:
            let text = try configure(instruction.instruction, &state)
            record("\(instruction.keyword.uppercased) \(text)", isEmpty: true, &state)
        }
    }

    private mutating func declare(_ arg: ArgInstruction, _ state: inout StageState) throws {
        argumentNames.formUnion(arg.arguments.map(\.name.text))
        let shown = try state.environment.declare(arg)
        record("ARG " + shown.joined(separator: " "), isEmpty: true, &state)
    }

    /// Adds an entry to the image's history in the words that other builders use, which tools read.
    func record(_ text: String, isEmpty: Bool, _ state: inout StageState) {
        state.history.append(
            HistoryEntry(
                created: RFC3339.text(request.created), createdBy: text, comment: "buildkit.dockerfile.v0",
                isEmptyLayer: isEmpty))
    }

    /// Adds a vertex on top of the stage and the step that people see. `sources` are its inputs but the first.
    mutating func extend(
        _ state: inout StageState, with operation: Operation, sources: [VertexID] = [], _ instruction: StageInstruction,
        history: String
    ) {
        let prefix = state.triggerRange == nil ? "" : "ONBUILD "
        extend(
            &state, with: operation, sources: sources, title: prefix + title(of: instruction, state),
            instruction.keyword,
            at: state.triggerRange ?? instruction.range)
        record(history, isEmpty: false, &state)
    }

    mutating func extend(
        _ state: inout StageState, with operation: Operation, sources: [VertexID] = [], title: String,
        _ keyword: Keyword, at range: SourceRange
    ) {
        state.stepIndex += 1
        let step = Step(
            number: steps.count + 1, stage: state.stageName, index: state.stepIndex,
            count: max(state.stepCount, state.stepIndex), title: title, keyword: keyword, range: range,
            platform: request.platforms.count > 1 ? names.platform : nil)
        let before = graph.vertices.count
        state.vertex = graph.add(operation, inputs: [state.vertex] + sources, step: step)
        if graph.vertices.count > before { steps.append(step) }
    }

    static func stepCount(of instructions: [StageInstruction]) -> Int {
        instructions.count { [.run, .copy, .add, .workdir].contains($0.keyword) }
    }

    /// The instruction on one line, with the values of its variables. RUN is shown as written: its variables are the
    /// shell's, and some may be secrets.
    private func title(of instruction: StageInstruction, _ state: StageState) -> String {
        let node = instruction.node
        let flags = node.flags.map { $0.text + " " }.joined()
        var text = flags + node.text.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        if instruction.keyword != .run, node.form == .shell {
            // Here-documents and quotes that stand for themselves do not always read as words.
            let expanded = try? dockerfile.expander.expand(text, lookup: state.environment.lookup)
            text = expanded ?? text
        }
        return "\(instruction.keyword.uppercased) \(text)"
    }

    // MARK: WORKDIR

    private mutating func plan(workdir word: Word, _ instruction: StageInstruction, _ state: inout StageState) throws {
        let text = try state.environment.expand(word)
        // An empty one is where the stage is already.
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
