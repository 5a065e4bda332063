internal import Dockerfile
internal import OCI

/// Instructions that change only what an image says of itself.
extension Planner {
    /// Returns what history shows behind the keyword.
    func configure(_ instruction: Instruction, _ state: inout StageState) throws -> String {
        switch instruction {
        case .env(let env):
            return try state.environment.set(env).map(\.assignment).joined(separator: " ")
        case .label(let label):
            let pairs = try state.environment.expandedPairs(label)
            for pair in pairs { state.config.labels[pair.name] = pair.value }
            return pairs.map(\.assignment).joined(separator: " ")
        case .user(let word):
            let user = try state.environment.expand(word)
            guard !user.isEmpty else { throw PlanError(.error("the user is empty", at: word.range)) }
            state.config.user = user
            return user
        case .cmd(let form):
            let command = Self.command(form, state)
            state.config.command = command
            state.config[runtime: "ArgsEscaped"] = true
            state.hasCommand = true
            return Self.quoted(command)
        case .entrypoint(let form):
            let command = Self.command(form, state)
            state.config.entrypoint = command.isEmpty ? nil : command
            if !state.hasCommand { state.config.command = nil }
            return Self.quoted(command)
        case .shell(let words):
            let shell = words.map(\.text)
            state.config.shell = shell
            return "[\(shell.joined(separator: " "))]"
        case .expose(let words): return try expose(words, &state)
        case .volume(let words): return try volume(words, &state)
        case .stopsignal(let word):
            let signal = try state.environment.expand(word)
            guard StopSignal.isValid(signal) else {
                throw PlanError(
                    .error("unknown signal `\(signal)`", at: word.range, hint: StopSignal.hint(for: signal)))
            }
            state.config.stopSignal = signal
            return signal
        case .maintainer(let word):
            state.config.author = word.text
            return word.text
        case .healthcheck(let check): return healthcheck(check, &state)
        case .add, .arg, .copy, .from, .onbuild, .run, .workdir:
            preconditionFailure("not an instruction of the configuration")
        }
    }

    private static func command(_ form: CommandForm, _ state: StageState) -> [String] {
        switch form {
        case .shell(let text): state.shell + [text.text]
        case .exec(let words): words.map(\.text)
        }
    }

    private static func quoted(_ words: [String]) -> String {
        "[" + words.map { JSON.string($0).lineText }.joined(separator: " ") + "]"
    }

    private func expose(_ words: [Word], _ state: inout StageState) throws -> String {
        var ports: [String] = []
        // Sorted as written, before ranges become ports.
        for word in words.sorted(by: { $0.text < $1.text }) {
            let expanded: [String]
            do throws(ExpansionError) {
                expanded = try dockerfile.expander.expandToWords(word.text, lookup: state.environment.lookup)
            } catch {
                throw PlanError(error.diagnostic(in: word))
            }
            for text in expanded {
                do throws(PortRange.ParseError) { ports += try PortRange.parse(text).exposed } catch {
                    throw PlanError(.error(error.message, at: word.range, hint: error.hint))
                }
            }
        }
        state.config[set: "ExposedPorts"] += ports
        return "[\(ports.joined(separator: " "))]"
    }

    private func volume(_ words: [Word], _ state: inout StageState) throws -> String {
        var paths: [String] = []
        for word in words {
            let text = try state.environment.expand(word).drop(while: \.isWhitespace)
            guard let last = text.lastIndex(where: { !$0.isWhitespace }) else {
                throw PlanError(.error("the volume's path is empty", at: word.range))
            }
            paths.append(String(text[...last]))
        }
        state.config[set: "Volumes"] += paths
        return "[\(paths.joined(separator: " "))]"
    }

    private func healthcheck(_ check: HealthcheckInstruction, _ state: inout StageState) -> String {
        var json: JSONObject = [:]
        var words = ["NONE"]
        var timing: HealthcheckInstruction.Timing?
        if case .command(let form, let given) = check {
            switch form {
            case .shell(let text): words = ["CMD-SHELL", text.text]
            case .exec(let arguments): words = ["CMD"] + arguments.map(\.text)
            }
            timing = given
        }
        json["Test"] = .array(words.map(JSON.string))
        let numbers: [(String, Int64)] = [
            ("Interval", timing?.interval ?? 0), ("Timeout", timing?.timeout ?? 0),
            ("StartPeriod", timing?.startPeriod ?? 0), ("StartInterval", timing?.startInterval ?? 0),
            ("Retries", Int64(timing?.retries ?? 0)),
        ]
        for (name, value) in numbers where value != 0 { json[name] = .integer(value) }
        state.config[runtime: "Healthcheck"] = .object(json)
        return HealthcheckText.text(of: words, timing)
    }
}
