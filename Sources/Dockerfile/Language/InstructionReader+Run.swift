extension InstructionReader {
    mutating func run(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        let mounts = flags.all("mount").compactMap { mount($0) }
        let devices = flags.all("device").compactMap { device($0) }
        let network = choice("network", flags, RunInstruction.NetworkMode.self)
        let security = choice("security", flags, RunInstruction.SecurityMode.self)
        guard let command = command(node) else { return nil }
        return .run(
            RunInstruction(
                command: command, mounts: mounts, network: network, security: security, devices: devices))
    }

    private mutating func command(_ node: InstructionNode) -> RunInstruction.Command? {
        guard let first = node.arguments.first else {
            report("RUN needs a command", at: node.spelling.range)
            return nil
        }
        if node.form == .exec { return .exec(node.arguments) }
        guard let heredoc = node.heredocs.first else { return .shell(first) }
        for heredoc in node.heredocs {
            let content = heredoc.content
            guard let place = content.utf8.firstIndex(of: 0) else { continue }
            report(
                "the script holds a NUL byte",
                at: heredoc.range(at: content.utf8.distance(from: content.startIndex, to: place)),
                hint: "no command can be handed one")
        }
        if node.heredocs.count == 1, heredoc.token.text == first.text, heredoc.fileDescriptor ?? 0 == 0 {
            return .script(heredoc)
        }
        var text = first.text
        for heredoc in node.heredocs { text += "\n" + heredoc.body + heredoc.name }
        return .shellWithHeredocs(text: text, node.heredocs)
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ flags: FlagSet, _ type: Choice.Type
    ) -> Choice? {
        guard let flag = flags.value(name) else { return nil }
        if let choice = Choice(rawValue: flag.text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        report(
            "--\(name) knows no `\(flag.text)`", at: flag.range,
            hint: Suggestion.hint(for: flag.text, among: known) ?? "use one of: \(known.joined(separator: ", "))")
        return nil
    }

    private mutating func device(_ flag: FlagValue) -> DeviceOption? {
        do throws(MountError) { return try DeviceOption(flag.text, range: flag.range) } catch {
            report(error.message, at: flag.range, hint: error.hint)
            return nil
        }
    }

    /// Values with variables can only be judged once these are known; everything else is checked here.
    private mutating func mount(_ flag: FlagValue) -> MountOption? {
        do throws(MountError) {
            let option = try MountOption(flag.text, range: flag.range)
            if option.fields.allSatisfy({ !($0.value ?? "").contains("$") }) {
                _ = try option.mount { $0 }
            }
            return option
        } catch {
            report(error.message, at: flag.range, hint: error.hint)
            return nil
        }
    }
}
