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
    @Flag(name: .customLong("push"), help: "Send the image to the registry of each tag.") var push = false
    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            "Write the result: type=oci|docker|tar|local,dest=PATH[,target=STAGE].", valueName: "type=…"))
    var output: [String] = []
    @Option(
        name: .customLong("iidfile"),
        help: "Write the config's digest to this file, or that of the index of several platforms.")
    var iidFile: String?
    @Option(name: .customLong("metadata-file"), help: "Write what was built, as JSON, to this file.")
    var metadataFile: String?

    /// Everything that can be wrong before the build. `targets` are the `--target` options.
    func plan(targets: [String]) throws -> ResultPlan {
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
        if push, tags.isEmpty { throw CommandFailure.usage("--push needs a --tag to push to") }
        let named =
            tags.map { ("--tag \($0.reference)", $0.target) }
            + outputs.map { ("--output \($0.destination)", $0.target) }
        for (option, target) in named {
            if let target, !targets.contains(target) {
                throw CommandFailure.usage(
                    "\(option) is for `\(target)`, which is no --target of this build",
                    hint: Suggestion.hint(for: target, among: targets))
            }
            if target == nil, targets.count > 1 {
                throw CommandFailure.usage(
                    "\(option) does not say which of the \(targets.count) targets it is for",
                    hint: "write --tag \(targets[0])=NAME, or target=\(targets[0]) in --output")
            }
        }
        if iidFile != nil, targets.count > 1 {
            throw CommandFailure.usage("--iidfile holds one digest; use --metadata-file for several targets")
        }
        return ResultPlan(tags: tags, outputs: outputs)
    }

    /// Names, pushes and writes the results.
    func deliver(
        _ results: [BuiltTarget], _ plan: ResultPlan, engine: Engine, epoch: Int64, report: @escaping EventSink
    ) async throws {
        for result in results {
            let references = plan.references(of: result)
            try await BuildResults(engine: engine, report: report)
                .write(result, plan.outputs(of: result), named: references, epoch: epoch)
            if push, !references.isEmpty {
                try await engine.push(result, to: references) { report(.transfer($0)) }
            } else {
                for reference in references { try engine.tag(result, as: reference) }
            }
        }
        try writeFiles(results, plan)
    }

    private func writeFiles(_ results: [BuiltTarget], _ plan: ResultPlan) throws {
        if let iidFile, let result = results.first {
            let digest = result.index == nil ? result.images[0].config.digest : result.digest
            try FileContents.write(Array(digest.description.utf8), to: FilePath(iidFile))
        }
        guard let metadataFile, let json = Self.metadata(of: results, plan) else { return }
        try FileContents.write(Array(json.indentedText.utf8) + [UInt8(ascii: "\n")], to: FilePath(metadataFile))
    }

    /// What `--metadata-file` holds.
    static func metadata(of results: [BuiltTarget], _ plan: ResultPlan) -> JSON? {
        guard let main = results.last else { return nil }
        return [
            "containerimage.digest": .string(main.digest.description),
            "containerimage.config.digest": main.index == nil ? .string(main.images[0].config.digest.description) : nil,
            "containerimage.descriptor": main.root.descriptor.json,
            "image.name": .string(plan.references(of: main).map(\.description).joined(separator: ",")),
            "targets": .array(results.map { $0.json(named: plan.references(of: $0)) }),
        ]
    }
}

/// The names and files that were asked for.
struct ResultPlan {
    struct Tag {
        /// nil: the only one.
        let target: String?
        let reference: ImageReference
    }

    let tags: [Tag]
    let outputs: [BuildOutput]

    func references(of result: BuiltTarget) -> [ImageReference] {
        tags.filter { Self.isSame($0.target, result) }.map(\.reference)
    }

    func outputs(of result: BuiltTarget) -> [BuildOutput] { outputs.filter { Self.isSame($0.target, result) } }

    /// Stages are called by name without regard to case.
    private static func isSame(_ target: String?, _ result: BuiltTarget) -> Bool {
        target.map { $0.lowercased() == result.name } ?? true
    }

    var writesToStandardOutput: Bool { outputs.contains(where: \.writesToStandardOutput) }
}
