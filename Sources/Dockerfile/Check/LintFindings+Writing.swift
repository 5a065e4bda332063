extension LintFindings {
    /// How the file is written: case of keywords, continuations, pairs.
    mutating func checkWriting(_ parsed: ParsedDockerfile) {
        let nodes = parsed.instructions
        let lower = nodes.count { $0.spelling.text == $0.keyword.rawValue }
        let upper = nodes.count { $0.spelling.text == $0.keyword.uppercased }
        // Of an argument before the first FROM an image keeps nothing, unless a stage declares it again.
        let firstFrom = nodes.firstIndex { $0.keyword == .from } ?? nodes.endIndex
        for (index, node) in nodes.enumerated() {
            let expected = lower > upper ? node.keyword.rawValue : node.keyword.uppercased
            if node.spelling.text != expected {
                add(
                    .consistentInstructionCasing,
                    "`\(node.spelling.text)` is not written in the same case as most of the file",
                    at: node.spelling.range, of: node, hint: "write \(expected)")
            }
            if let line = node.emptyContinuationLine {
                add(
                    .noEmptyContinuation, "empty line within a continued instruction",
                    at: parsed.source.range(lines: line...line), of: node, hint: "remove it, or make it a comment")
            }
            for written in [node] + node.trigger {
                checkPairs(written, isKept: index > firstFrom)
                if written.keyword == .maintainer {
                    add(
                        .maintainerDeprecated, "MAINTAINER is deprecated", at: written.spelling.range, of: node,
                        hint: "use LABEL org.opencontainers.image.authors=\"…\"")
                }
            }
        }
    }

    private mutating func checkPairs(_ node: InstructionNode, isKept: Bool) {
        if node.isLegacyPair, let pair = node.pairs.first {
            add(
                .legacyKeyValueFormat, "`\(node.keyword.uppercased) name value` is the legacy format",
                at: node.text.range, of: node, hint: "write \(node.keyword.uppercased) \(pair.name.text)=…")
        }
        guard isKept, node.keyword == .arg || node.keyword == .env else { return }
        for pair in node.pairs where SecretName.matches(pair.name.text) {
            add(
                .secretsUsedInArgOrEnv, "the name `\(pair.name.text)` looks like a secret, and the image keeps it",
                at: pair.name.range, of: node, hint: "use RUN --mount=type=secret")
        }
    }

    /// `# name description` above arguments and stages.
    mutating func checkDescription(_ names: [Word], of node: InstructionNode) {
        guard let comment = node.comments.last, CheckDirective.text(of: comment) == nil else { return }
        let first = comment.text.split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
        guard !names.isEmpty, !names.contains(where: { $0.text == first }) else { return }
        add(
            .invalidDefinitionDescription, "the comment does not describe `\(names[0].text)`", at: comment.range,
            of: node, hint: "write # \(names[0].text) description, or put an empty line below the comment")
    }

    mutating func checkGlobals(_ stages: DockerfileStages) {
        for global in stages.globalArguments {
            checkDescription(global.node.pairs.map(\.name), of: global.node)
        }
    }
}

/// Names of variables that by their parts are secrets: `API_TOKEN`, but not `TOKEN_FILE` or `PUBLIC_KEY`.
package enum SecretName {
    private static let secret: Set<Substring> = [
        "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
    ]
    private static let harmless: Set<Substring> = ["public", "file", "version"]

    package static func matches(_ name: String) -> Bool {
        let parts = Set(name.lowercased().split(separator: "_"))
        return !parts.isDisjoint(with: secret) && parts.isDisjoint(with: harmless)
    }
}
