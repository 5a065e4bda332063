extension InstructionReader {
    mutating func copy(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        if let from = flags.value("from"), from.text.contains("$") {
            report(
                "--from takes no variables", at: from.range,
                hint: "add a stage with FROM \(from.text) AS name and copy from that name")
        }
        checkMode(flags)
        guard let paths = paths(node) else { return nil }
        return .copy(
            CopyInstruction(
                sources: paths.sources, destination: paths.destination, from: flags.value("from"),
                owner: flags.value("chown"), mode: flags.value("chmod"), isLinked: flags.bool("link") ?? false,
                keepsParents: flags.bool("parents") ?? false, excludes: flags.all("exclude")))
    }

    mutating func add(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        checkMode(flags)
        guard let paths = paths(node) else { return nil }
        if let checksum = flags.value("checksum") { check(checksum, sources: paths.sources) }
        return .add(
            AddInstruction(
                sources: paths.sources, destination: paths.destination, owner: flags.value("chown"),
                mode: flags.value("chmod"), checksum: flags.value("checksum"),
                isLinked: flags.bool("link") ?? false, keepsGitDirectory: flags.bool("keep-git-dir") ?? false,
                unpacks: flags.bool("unpack"), excludes: flags.all("exclude")))
    }

    private mutating func checkMode(_ flags: FlagSet) {
        guard let mode = flags.value("chmod"), !mode.text.contains("$"), FileModeChange(mode.text) == nil else { return }
        report(
            "invalid mode `\(mode.text)`", at: mode.range,
            hint: "use octal digits up to 7777, or a symbolic mode such as u=rwX,go=rX")
    }

    private mutating func paths(_ node: InstructionNode) -> (sources: [CopySource], destination: Word)? {
        guard node.arguments.count >= 2 || (node.arguments.count > 0 && !node.heredocs.isEmpty) else {
            report(
                "\(node.keyword.uppercased) needs at least one source and the destination", at: node.text.range)
            return nil
        }
        var arguments = node.arguments
        if node.form == .shell, !node.heredocs.isEmpty { arguments = joiningTokens(node) }
        guard let destination = arguments.popLast() else { return nil }
        if let heredoc = node.heredocs.first(where: { $0.token.range == destination.range }) {
            report("a here-document cannot be the destination", at: heredoc.token.range)
            return nil
        }
        var sources: [CopySource] = []
        for argument in arguments {
            if let heredoc = node.heredocs.first(where: { $0.token.range == argument.range }) {
                sources.append(.heredoc(heredoc))
            } else {
                sources.append(.path(argument))
            }
        }
        guard !sources.isEmpty else {
            report("\(node.keyword.uppercased) has no destination", at: destination.range)
            return nil
        }
        return (sources, destination)
    }

    /// The arguments with `<< NAME`, which is two words, as the one token it is.
    private func joiningTokens(_ node: InstructionNode) -> [Word] {
        let tokens = node.heredocs.map(\.token)
        let others = node.arguments.filter { argument in
            !tokens.contains { $0.range.start <= argument.range.start && argument.range.start < $0.range.end }
        }
        return (others + tokens).sorted { $0.range.start < $1.range.start }
    }

    private mutating func check(_ checksum: FlagValue, sources: [CopySource]) {
        guard sources.count == 1, let source = sources.first else {
            report("--checksum needs exactly one source", at: checksum.range)
            return
        }
        switch source {
        case .path(let path) where path.text.contains("$") || RemoteSource.isRemote(path.text): break
        default: report("--checksum is for URLs and git repositories, not for local files", at: checksum.range)
        }
        let parts = checksum.text.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0] != "sha256", !checksum.text.contains("$") {
            report("unsupported digest algorithm `\(parts[0])`", at: checksum.range, hint: "use sha256")
        }
    }
}

/// What ADD fetches rather than copies.
package enum RemoteSource {
    package static func isRemote(_ source: String) -> Bool {
        isURL(source) || isGit(source)
    }

    package static func isURL(_ source: String) -> Bool {
        source.hasPrefix("http://") || source.hasPrefix("https://")
    }

    /// `git@host:path`, `ssh://`, `git://`, and web addresses whose path ends in `.git`.
    package static func isGit(_ source: String) -> Bool {
        if source.hasPrefix("git://") || source.hasPrefix("ssh://") || source.hasPrefix("git@") { return true }
        guard isURL(source) else { return false }
        return source.prefix { $0 != "#" && $0 != "?" }.hasSuffix(".git")
    }
}
