internal import Dockerfile
internal import OCI

/// RUN: the command, what it sees, what is mounted for it.
extension Planner {
    mutating func plan(
        _ run: RunInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
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
            arguments: arguments, environment: environment.assignments, workingDirectory: state.workingDirectory,
            user: state.config.user, network: run.network.map { $0 == .none ? .none : .default } ?? request.network,
            script: script, platform: state.config.platform, epoch: state.commandEpoch)
        extend(&state, with: .run(operation), instruction, history: "RUN \(shown) # buildkit")
    }
}
