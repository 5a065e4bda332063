internal import Dockerfile
internal import OCI
internal import Sandbox

/// RUN: the command, what it sees, what is mounted for it.
extension Planner {
    mutating func plan(
        _ run: RunInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
        if run.security == .insecure {
            try require(.insecureSecurity, for: "RUN --security=insecure", at: instruction.range)
        }
        if run.network == .host { try require(.hostNetwork, for: "RUN --network=host", at: instruction.range) }
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
                shown = "/dev/pipes/\(program.name)"
            } else {
                arguments = state.shell + [body]
                shown = arguments.joined(separator: " ")
            }
        }
        if let prefix = state.environment.historyPrefix { shown = "\(prefix) \(shown)" }
        var environment = state.environment.run
        if environment["SOURCE_DATE_EPOCH"] == nil { environment["SOURCE_DATE_EPOCH"] = String(state.commandEpoch) }
        let (mounts, sources) = try mounts(of: run, in: stage, state)
        var operation = RunOperation(
            arguments: arguments, environment: environment.assignments, workingDirectory: state.workingDirectory,
            user: state.config.user, network: network(of: run),
            script: script, platform: state.config.platform, epoch: state.commandEpoch,
            mounts: mounts, proxies: state.environment.undeclaredProxies.map(\.assignment))
        operation.security = run.security == .insecure ? .insecure : .sandbox
        operation.devices = try devices(of: run)
        operation.settings = request.settings
        if let name = request.buildArguments["BUILDKIT_SANDBOX_HOSTNAME"] {
            guard SandboxSpec.isOwnHostname(name) else {
                throw BuildError.request("the build argument BUILDKIT_SANDBOX_HOSTNAME is `\(name)`, no host name")
            }
            operation.settings.hostname = name
        }
        extend(&state, with: .run(operation), sources: sources, instruction, history: "RUN \(shown) # buildkit")
    }

    private func network(of run: RunInstruction) -> RunOperation.Network {
        switch run.network {
        case .none?: .none
        case .host?: .host
        case .default?, nil: request.network
        }
    }

    func require(_ entitlement: Entitlement, for what: String, at range: SourceRange) throws(PlanError) {
        if isSurvey || request.entitlements.contains(entitlement) { return }
        throw PlanError(
            .error("\(what) needs the entitlement \(entitlement.name)", at: range, hint: entitlement.remedy))
    }
}
