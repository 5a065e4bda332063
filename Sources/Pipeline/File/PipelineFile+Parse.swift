import OCI

extension PipelineFile {
    /// A pipeline file and what is doubtful in it.
    package struct Parsed: Sendable {
        package let file: PipelineFile
        /// Where the repository's URL stands, for those whose policy it offends.
        package let repositorySpan: SourceSpan
        package let warnings: [ConfigDiagnostic]
    }

    /// Reads the pipeline called after `fileName`, its last component without `.yaml`; throws every mistake at once.
    package static func parse(_ text: String, fileName: String) throws(ConfigError) -> Parsed {
        try parse(ConfigSource(name: fileName, text: text))
    }

    package static func parse(_ source: ConfigSource) throws(ConfigError) -> Parsed {
        var parser = PipelineParser(source)
        let file = parser.file(try YAMLDocument.parse(source))
        guard let file, !parser.reader.hasErrors else { throw ConfigError(parser.reader.diagnostics) }
        return Parsed(file: file, repositorySpan: parser.repositorySpan, warnings: parser.reader.diagnostics)
    }
}

struct PipelineParser {
    var reader: ConfigReader
    /// The names of all triggers, of wrong ones too.
    var triggerNames: [String] = []
    private(set) var repositorySpan = SourceSpan.start

    init(_ source: ConfigSource) { reader = ConfigReader(source) }

    mutating func file(_ document: ConfigValue) -> PipelineFile? {
        if case .null = document.content {
            reader.report("file is empty", at: .start, hint: "a pipeline starts with `schema: 1`")
            return nil
        }
        let keys = ["schema", "repo", "triggers", "build", "checks", "images", "limits"]
        guard let top = reader.section(document, "the pipeline", keys: keys) else { return nil }
        readSchema(top)
        let stem = Self.pipelineName(reader.source.name)
        let name = read(at: .start, try PipelineName(stem))
        let repository = readRepository(top)
        let triggers = readTriggers(top)
        let build = top["build"].map { readBuild($0, triggers: triggers) } ?? BuildSettings()
        let checks = top["checks"].map { readChecks($0) } ?? []
        let images = top["images"].map { readImages($0, triggers: triggers) } ?? []
        let limits = top["limits"].map { readLimits($0, "limits of the pipeline") } ?? Limits()
        if top["checks"] == nil, top["images"] == nil, top.misspelt.isEmpty {
            reader.report("the pipeline builds nothing", at: top.span, hint: "add `checks` or `images`")
        }
        guard let name, let repository else { return nil }
        return PipelineFile(
            name: name, repository: repository, triggers: triggers, build: build, checks: checks, images: images,
            limits: limits)
    }

    static func pipelineName(_ fileName: String) -> String {
        let last = fileName.split(separator: "/").last.map(String.init) ?? fileName
        let suffix = [".yaml", ".yml"].first { last.hasSuffix($0) } ?? ""
        return String(last.dropLast(suffix.count))
    }

    private mutating func readSchema(_ top: ConfigSection) {
        guard let value = top.required("schema", &reader) else { return }
        guard case .integer(1) = value.content else {
            reader.report("schema is `\(value.text)`, but this version reads schema 1 only", at: value.span)
            return
        }
    }

    private mutating func readRepository(_ top: ConfigSection) -> RepositoryURL? {
        guard let value = top.required("repo", &reader), let text = reader.string(value, "`repo`") else { return nil }
        repositorySpan = value.span
        return read(at: value.span, try RepositoryURL(text))
    }

    /// The value of `body`, or its error as a diagnostic at `span`.
    mutating func read<Value>(
        at span: SourceSpan, prefix: String = "", _ body: @autoclosure () throws(PipelineError) -> Value
    ) -> Value? {
        do {
            return try body()
        } catch {
            reader.report(prefix + error.message, at: span)
            return nil
        }
    }

    /// Reads a table of named things, leaving out those that are wrong.
    mutating func named<Value>(
        _ value: ConfigValue, _ kind: String, _ body: (inout PipelineParser, ConfigEntry) -> Value?
    ) -> [Value] {
        guard let entries = reader.entries(value, "`\(kind)s`") else { return [] }
        if entries.isEmpty { reader.report("`\(kind)s` is empty", at: value.span) }
        var values: [Value] = []
        for entry in entries where read(at: entry.nameSpan, try checkName(entry.name, of: kind)) != nil {
            if let value = body(&self, entry) { values.append(value) }
        }
        return values
    }
}
