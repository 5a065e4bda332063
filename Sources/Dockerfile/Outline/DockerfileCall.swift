/// A question about a file that is answered instead of building it: `--call check`, `--call outline,format=json`.
package struct DockerfileCall: Hashable, Sendable {
    package enum Method: String, CaseIterable, Sendable {
        case check
        case outline
        case targets
    }

    package let method: Method
    package let printsJSON: Bool

    package init(_ method: Method, printsJSON: Bool = false) {
        self.method = method
        self.printsJSON = printsJSON
    }

    /// Nil when the text is no call.
    package init?(parsing text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard let method = Method(rawValue: String(parts[0])), parts.count <= 2 else { return nil }
        guard parts.count < 2 || parts[1] == "format=json" || parts[1] == "format=text" else { return nil }
        self.init(method, printsJSON: parts.last == "format=json")
    }

    /// What to print, and how the process ends.
    package struct Answer: Hashable, Sendable {
        /// Ends with a newline.
        package let text: String
        package let errorCount: Int

        /// Whether the exit code is 1.
        package var isFailure: Bool { errorCount > 0 }
    }

    /// What a call may need besides the file.
    package struct Circumstances: Sendable {
        /// A stage's name or number; nil is the last stage.
        package var target: String?
        package var buildArguments: [String: String]
        package var platform: PlatformArguments.Platform
        package var buildPlatform: PlatformArguments.Platform
        /// The ignore file of the context, if there is a context.
        package var ignore: IgnoreFile?
        /// What is known besides of the stages, by their base images.
        package var findings: [Diagnostic] = []

        package init(
            target: String? = nil, buildArguments: [String: String] = [:], platform: PlatformArguments.Platform,
            buildPlatform: PlatformArguments.Platform, ignore: IgnoreFile? = nil
        ) {
            self.target = target
            self.buildArguments = buildArguments
            self.platform = platform
            self.buildPlatform = buildPlatform
            self.ignore = ignore
        }
    }

    /// A file with errors has only its errors for an answer. The check fails with errors, and with findings where
    /// the file says `error=true`.
    package func answer(
        about file: DockerfileStages, in circumstances: Circumstances
    ) throws(UnknownTarget) -> Answer {
        guard method != .check, !file.diagnostics.hasErrors else { return check(file, circumstances) }
        if method == .targets {
            let targets = DockerfileTargets(file)
            return Answer(text: printsJSON ? Self.document(targets.json) : targets.text, errorCount: 0)
        }
        let target = try file.target(circumstances.target)
        let platform = PlatformArguments(
            target: circumstances.platform, build: circumstances.buildPlatform, stage: target.name)
        do throws(ArgumentError) {
            let outline = try DockerfileOutline(
                file, target: target, buildArguments: circumstances.buildArguments, platform: platform)
            return Answer(text: printsJSON ? Self.document(outline.json) : outline.text, errorCount: 0)
        } catch {
            return answer([error.diagnostic], in: file.source)
        }
    }

    private func check(_ file: DockerfileStages, _ circumstances: Circumstances) -> Answer {
        let directive = circumstances.buildArguments[DockerfileCheck.argumentName]
        let findings = DockerfileCheck.check(
            file, ignore: circumstances.ignore, directive: directive, buildArguments: circumstances.buildArguments)
        let others = circumstances.findings.filter { !findings.contains($0) }
        return answer((findings + others).inOrder, in: file.source)
    }

    private func answer(_ diagnostics: [Diagnostic], in source: SourceText) -> Answer {
        let text: String
        if printsJSON {
            text = Self.document(.array(diagnostics.map { $0.json(in: source) }))
        } else if diagnostics.isEmpty {
            text = "\(source.name): nothing to report\n"
        } else {
            text = diagnostics.map { $0.render(in: source) + "\n" }.joined(separator: "\n")
        }
        return Answer(text: text, errorCount: diagnostics.count { $0.severity == .error })
    }

    private static func document(_ json: JSONValue) -> String { json.serialized(indented: true) + "\n" }
}

extension Diagnostic {
    /// One object: severity, rule, message, file, line, column, last line, hint; without those that are not known.
    func json(in source: SourceText) -> JSONValue {
        var members: [JSONValue.Member] = [.init("severity", .string(severity.rawValue))]
        if let rule { members.append(.init("rule", .string(rule))) }
        members.append(.init("message", .string(message)))
        members.append(.init("file", .string(source.name)))
        if let range {
            members.append(.init("line", .integer(range.start.line)))
            members.append(.init("column", .integer(range.start.column)))
            members.append(.init("lastLine", .integer(range.lastLine)))
        }
        if let hint { members.append(.init("hint", .string(hint))) }
        return .object(members)
    }
}
