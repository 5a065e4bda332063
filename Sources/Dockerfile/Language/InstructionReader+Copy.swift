extension InstructionReader {
    mutating func copy(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        if let from = flags.value("from"), from.text.contains("$") {
            report(
                "--from takes no variables", at: from.range,
                hint: "add a stage with FROM \(from.text) AS name and copy from that name")
        }
        if let from = flags.value("from"), from.text.isEmpty {
            report("--from names no stage, context or image", at: from.range)
        }
        checkMode(flags)
        guard let paths = paths(node) else { return nil }
        for case .path(let path) in paths.sources {
            if let source = constant(path), RemoteSource.isRemote(source) {
                report("COPY does not fetch `\(source)`", at: path.range, hint: "use ADD")
            }
        }
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
        guard let mode = flags.value("chmod"), !mode.text.isEmpty, !mode.text.contains("$"),
            FileModeChange(mode.text) == nil
        else { return }
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
        for heredoc in node.heredocs {
            check(body: heredoc)
            if heredoc.name == "." || heredoc.name == ".." || heredoc.name.contains("/") {
                report(
                    "`\(heredoc.name)` cannot be the name of a file", at: heredoc.token.range,
                    hint: "a copied here-document becomes a file of its name")
            }
        }
        var sources = joiningTokens(node)
        switch sources.popLast() {
        case .heredoc(let heredoc)?:
            report("a here-document cannot be the destination", at: heredoc.token.range)
            return nil
        case .path(let destination)? where sources.isEmpty:
            report("\(node.keyword.uppercased) has no source", at: destination.range)
            return nil
        case .path(let destination)?: return (sources, destination)
        case nil: return nil
        }
    }

    /// The arguments in order, with a token such as `<< NAME`, which is two words, as the one source it is.
    private func joiningTokens(_ node: InstructionNode) -> [CopySource] {
        var heredocs = node.heredocs[...]
        var sources: [CopySource] = []
        for argument in node.arguments {
            while let token = heredocs.first?.token, token.range.end <= argument.range.start { heredocs.removeFirst() }
            if let heredoc = heredocs.first, heredoc.token.range.start <= argument.range.start {
                if heredoc.token.range.start == argument.range.start { sources.append(.heredoc(heredoc)) }
            } else {
                sources.append(.path(argument))
            }
        }
        return sources
    }

    private static func isSHA256(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { $0.isASCIIDigit || (0x61...0x66).contains($0) }
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
        guard case .path(let path) = source, RemoteSource.isRemote(path.text), !checksum.text.contains("$") else {
            return
        }
        let parts = checksum.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0] != "sha256" {
            report("unsupported digest algorithm `\(parts[0])`", at: checksum.range, hint: "use sha256")
        } else if !RemoteSource.isGit(path.text), parts.count < 2 || !Self.isSHA256(parts[1]) {
            report(
                "the checksum `\(checksum.text)` is malformed", at: checksum.range, hint: "write sha256: and 64 digits")
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
