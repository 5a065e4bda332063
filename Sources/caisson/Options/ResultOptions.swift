import ArgumentParser
import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// What becomes of what was built: names, pushes, files. Where a build has several targets, each option says which one
/// it means.
struct ResultOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("tag")],
        help: ArgumentHelp("A name for the image; of several targets, for this one.", valueName: "[target=]name"))
    var tag: [String] = []
    @Flag(name: .customLong("push"), help: "Send the image to the registry of each name.") var push = false
    @Flag(
        name: .customLong("load"),
        help: "Name the image in the store, which happens to all images with tags anyway.")
    var load = false
    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            """
            Write the result: type=oci|docker|tar|local,dest=PATH; or type=image|registry for what --tag names. With \
            target=STAGE, name=NAME[,…], compression=gzip|zstd|none, level=N, force-compression=true for layers of the \
            base too, tar=false for a layout's directory.
            """, valueName: "type=…"))
    var output: [String] = []
    @Option(
        name: .customLong("iidfile"),
        help: "Write the config's digest to this file, or that of the index of several platforms.")
    var iidFile: String?
    @Option(name: .customLong("metadata-file"), help: "Write what was built, as JSON, to this file.")
    var metadataFile: String?

    /// Whether registries, if anyone, get what was built: nothing needs it here.
    var onlySendsImages: Bool { output.isEmpty && (push || tag.isEmpty) }

    /// Everything that can be wrong before the build. `targets` are the `--target` options, `platforms` the number of
    /// images of each.
    func plan(targets: [String], platforms: Int) throws -> ResultPlan {
        let tags = try tag.map { text -> ResultPlan.Tag in
            guard let equals = text.firstIndex(of: "=") else {
                return .init(target: nil, reference: try ImageReference(tagArgument: text))
            }
            return .init(
                target: String(text[..<equals]),
                reference: try ImageReference(tagArgument: String(text[text.index(after: equals)...])))
        }
        let outputs = try output.map(BuildOutput.init(parsing:))
        for output in outputs { try output.checkDestination() }
        if platforms > 1, outputs.contains(where: { $0.kind == .docker }) {
            throw CommandFailure.usage(
                "an archive for docker holds one platform, not \(platforms)", hint: "use type=oci or one --platform")
        }
        try checkNames(tags, outputs)
        try checkTargets(tags, outputs, targets)
        for (option, file) in [("--iidfile", iidFile), ("--metadata-file", metadataFile)] {
            if let file { try BuildOutput.checkDirectory(of: file, for: "\(option) `\(file)`") }
        }
        return ResultPlan(tags: tags, outputs: outputs, pushes: push)
    }

    private func checkNames(_ tags: [ResultPlan.Tag], _ outputs: [BuildOutput]) throws {
        guard tags.isEmpty else { return }
        if push, outputs.allSatisfy({ !$0.isImage || $0.names.isEmpty }) {
            throw CommandFailure.usage("--push needs a --tag to push to")
        }
        if let output = outputs.first(where: { $0.pushes && $0.names.isEmpty }) {
            throw CommandFailure.usage("\(output.title) needs a --tag, or name=NAME, to push to")
        }
    }

    private func checkTargets(_ tags: [ResultPlan.Tag], _ outputs: [BuildOutput], _ targets: [String]) throws {
        var known: [String] = []
        for target in targets where !known.contains(target.lowercased()) { known.append(target.lowercased()) }
        let named = tags.map { ("--tag \($0.reference)", $0.target) } + outputs.map { ($0.title, $0.target) }
        for (option, target) in named {
            if let target, !known.contains(target.lowercased()) {
                throw CommandFailure.usage(
                    "\(option) is for `\(target)`, which is no --target of this build",
                    hint: Suggestion.hint(for: target, among: targets))
            }
            if target == nil, known.count > 1 {
                throw CommandFailure.usage(
                    "\(option) does not say which of the \(known.count) targets it is for",
                    hint: "write --tag \(targets[0])=NAME, or target=\(targets[0]) in --output")
            }
        }
        if iidFile != nil, known.count > 1 {
            throw CommandFailure.usage("--iidfile holds one digest; use --metadata-file for several targets")
        }
    }

    /// Names, pushes and writes the results; returns what their names stand for.
    func deliver(
        _ results: [BuiltTarget], _ plan: ResultPlan, engine: Engine, epoch: Int64, report: @escaping EventSink
    ) async throws -> [BuiltTarget] {
        let delivery = BuildResults(engine: engine, plan: plan, epoch: epoch, report: report)
        var delivered: [BuiltTarget] = []
        for result in results { delivered.append(try await delivery.deliver(result)) }
        return delivered
    }

    /// Says in files what was delivered.
    func writeFiles(_ results: [BuiltTarget], _ plan: ResultPlan, epoch: Int64, _ log: StepLog) throws {
        if let iidFile, let result = results.first {
            let digest = result.index == nil ? result.images[0].config.digest : result.digest
            try FileContents.write(Array(digest.description.utf8), to: FilePath(iidFile))
        }
        guard let metadataFile, let json = Self.metadata(of: results, plan, epoch: epoch, log) else { return }
        try FileContents.write(Array(json.indentedText.utf8) + [UInt8(ascii: "\n")], to: FilePath(metadataFile))
    }

    /// What `--metadata-file` holds.
    static func metadata(
        of results: [BuiltTarget], _ plan: ResultPlan, epoch: Int64, _ log: StepLog
    ) -> JSON? {
        guard let main = results.last else { return nil }
        return [
            "containerimage.digest": .string(main.digest.description),
            "containerimage.config.digest": main.index == nil ? .string(main.images[0].config.digest.description) : nil,
            "containerimage.descriptor": main.root.descriptor.json,
            "image.name": .string(plan.references(of: main).map(\.description).joined(separator: ",")),
            "targets": .array(results.map { $0.json(named: plan.references(of: $0), log) }),
            "epoch": .integer(epoch), "build": .object(log.json),
        ]
    }
}
