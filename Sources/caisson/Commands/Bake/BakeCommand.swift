import ArgumentParser
import Bake
import Build
import Dockerfile
import Engine
import Git
import HTTP
import Linux
import OCI
import SystemPackage

struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake", abstract: "Builds the targets that bake and compose files define.",
        discussion: """
            Without --file it reads what is there of compose.yaml, compose.yml, docker-compose.yml, \
            docker-compose.yaml, docker-bake.json, docker-bake.hcl, docker-bake.override.json and \
            docker-bake.override.hcl, and merges them in this order. Paths start from the working directory. \
            Variables take their values from the environment.

            Examples:
              caisson bake
              caisson bake app tools --push
              caisson bake --print 'app-*'
              caisson bake --set '*.platform=linux/arm64' --set app.args.VERSION=2 app
              TAG=v1.2 caisson bake release
            """)

    @Argument(help: "Targets and groups; may have wildcards. Default: default.") var targets: [String] = []
    @OptionGroup var files: BakeFileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    @Flag(name: .customLong("print"), help: "Print the targets as JSON, with all they inherit, and build nothing.")
    var printsTargets = false
    @Option(name: .customLong("list"), help: "List what the files define and build nothing: targets or variables.")
    var list: BakeListing?
    @OptionGroup var changes: BakeChanges
    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp("Something that targets may ask for.", valueName: "network.host|security.insecure|…"))
    var allow: [String] = []
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var call: CallOptions
    @Option(name: .customLong("metadata-file"), help: "Write what was built, as JSON by target, to this file.")
    var metadataFile: String?
    @Option(name: .customLong("progress"), help: "How the build is shown on standard error.") var progress =
        ProgressStyle.auto

    func run() async throws { try await progress.sayingFailures { try await bake() } }

    private func bake() async throws {
        if let remote = targets.first(where: { GitAddress.isAddress($0) || RemoteSource.isURL($0) }) {
            throw CommandFailure.usage(
                "bake files are read from this machine, not from `\(HTTPURL.redact(remote))`",
                hint: "clone the repository and bake there; contexts of targets may be repositories and URLs")
        }
        let definition: BakeDefinition
        let selection: BakeSelection
        do {
            definition = try files.definition()
            if let list { return list.write(definition, asJSON: store.json) }
            selection = try BakeSelection(targets, of: definition, overrides: files.set + changes.overrides)
        } catch let error as BakeError { throw CommandFailure(text: error.description, .usage) }
        if printsTargets { return StandardOutput.write(selection.json.indentedText + "\n") }
        let question = try call.question()
        let builds = try BakeTargetBuild.all(selection, allow: allow, devices: devices)
        let questions = BakeQuestions(general: question, printsJSON: store.json, progress: progress)
        if try await questions.answer(builds, of: store) { return }
        let engine = try store.engine(limits: try limits.limits)
        let baked = try await BakeBuilder(engine: engine, progress: progress, color: store.color).build(builds)
        try write(baked)
    }

    private func write(_ baked: [BakedTarget]) throws {
        if let metadataFile {
            var object = JSONObject()
            for target in baked { object[target.name] = target.metadata }
            try FileContents.write(
                Array(JSON.object(object).indentedText.utf8) + [UInt8(ascii: "\n")], to: FilePath(metadataFile))
        }
        let asked = baked.filter { !$0.isLinked }
        if store.json {
            var object = JSONObject()
            for target in asked {
                object[target.name] = target.built.json(named: target.plan.references(of: target.built), target.log)
            }
            StandardOutput.write(JSON.object(object).lineText + "\n")
        } else if !asked.contains(where: \.plan.writesToStandardOutput) {
            for target in asked { StandardOutput.write("\(target.name) \(target.built.digest)\n") }
        }
    }
}

/// Overrides with an option of their own.
struct BakeChanges: ParsableArguments {
    @Flag(name: .customLong("no-cache"), help: "Run every step of all targets.") var noCache = false
    @Flag(name: .customLong("pull"), help: "Accepted: names of images are looked up at every build anyway.")
    var pull = false
    @Flag(name: .customLong("push"), help: "Send the images to the registries of their tags.") var push = false
    @Flag(
        name: .customLong("load"), help: "Name the images in the store, which happens to all images with tags anyway.")
    var load = false

    var overrides: [String] {
        [(noCache, "no-cache"), (pull, "pull"), (push, "push"), (load, "load")].filter(\.0).map { "*.\($0.1)=true" }
    }
}

/// `--list targets` and `--list variables`.
enum BakeListing: String, ExpressibleByArgument, CaseIterable {
    case targets
    case variables

    func write(_ definition: BakeDefinition, asJSON: Bool) {
        let rows: [(name: String, value: Value?, description: String)] =
            switch self {
            case .targets: definition.listedTargets.map { ($0.name, nil, $0.description) }
            case .variables: definition.variables.map { ($0.name, $0.value, $0.description ?? "") }
            }
        if asJSON {
            let documents = rows.map { row -> JSON in
                [
                    "name": .string(row.name), "value": row.value?.json,
                    "description": row.description.isEmpty ? nil : .string(row.description),
                ]
            }
            return StandardOutput.write(JSON.array(documents).lineText + "\n")
        }
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            let value = row.value.map { $0.text ?? $0.json.lineText }
            let text = [value, row.description].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "  # ")
            let padding = String(repeating: " ", count: width - row.name.count)
            StandardOutput.write(text.isEmpty ? "\(row.name)\n" : "\(row.name)\(padding)  \(text)\n")
        }
    }
}
