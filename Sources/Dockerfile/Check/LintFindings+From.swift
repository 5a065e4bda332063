extension LintFindings {
    mutating func checkFrom(_ stage: Stage, in file: DockerfileStages) {
        let node = stage.node
        if let alias = stage.from.alias {
            checkAlias(alias, of: stage, in: file)
            let keyword = node.arguments[1]
            let expected = node.spelling.text == "from" ? "as" : "AS"
            // FROM in mixed case has no case to follow; another rule speaks of it.
            if keyword.text != expected, ["from", "FROM"].contains(node.spelling.text) {
                add(
                    .fromAsCasing, "`\(keyword.text)` and `\(node.spelling.text)` are written in different case",
                    at: keyword.range, of: node, hint: "write \(expected)")
            }
            checkDescription([alias], of: node)
        }
        guard let platform = stage.from.platform else { return }
        switch platform.text {
        case "$TARGETPLATFORM", "${TARGETPLATFORM}":
            add(
                .redundantTargetPlatform, "`\(platform.text)` is the default platform", at: platform.range, of: node,
                hint: "remove the flag")
        case _ where !platform.text.contains("$") && !names(platform.text, in: stage):
            add(
                .fromPlatformFlagConstDisallowed, "the platform of the stage is fixed to `\(platform.text)`",
                at: platform.range, of: node, hint: "use $BUILDPLATFORM, or choose the platform when building")
        default: break
        }
    }

    /// Other names of CPUs, which platforms may be written with.
    private static let architectures = [
        "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386",
    ]

    /// Whether the stage says by its name that it is for this platform alone: `build_arm64`.
    private func names(_ platform: String, in stage: Stage) -> Bool {
        guard let name = stage.name else { return false }
        return platform.lowercased().split(separator: "/").contains { part in
            name.contains(part) || Self.architectures[String(part)].map { name.contains($0) } ?? false
        }
    }

    private mutating func checkAlias(_ alias: Word, of stage: Stage, in file: DockerfileStages) {
        let name = alias.text.lowercased()
        if alias.text != name {
            add(
                .stageNameCasing, "the stage name `\(alias.text)` has upper-case letters", at: alias.range,
                of: stage.node, hint: "write \(name)")
        }
        if name == "scratch" || name == "context" {
            add(.reservedStageName, "the stage name `\(name)` is reserved", at: alias.range, of: stage.node)
        }
        if duplicates(file, name, before: stage.index) {
            add(
                .duplicateStageName, "an earlier stage has the name `\(name)`", at: alias.range, of: stage.node,
                hint: "later references mean the last one")
        }
    }

    private mutating func duplicates(_ file: DockerfileStages, _ name: String, before index: Int) -> Bool {
        if stageNames.isEmpty {
            for stage in file.stages {
                if let name = stage.name, stageNames[name] == nil { stageNames[name] = stage.index }
            }
        }
        return stageNames[name, default: index] < index
    }
}
