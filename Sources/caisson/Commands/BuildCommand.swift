import ArgumentParser
import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Builds images from a Dockerfile, in this process.",
        discussion: """
            Examples:
              caisson build -t 127.0.0.1:5000/app:1 --push .
              caisson build --target test .
              caisson build -t app:dev --output type=docker,dest=app.tar .
            """)

    @Argument(help: "A directory.") var context = "."
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    @Option(
        name: [.short, .customLong("file")],
        help: "The Dockerfile, - for standard input. Default: Dockerfile in the context.")
    var file: String?
    @Option(name: [.short, .customLong("tag")], help: "A name for the image.") var tag: [String] = []
    @Option(name: .customLong("target"), help: "A stage to build. Several build one graph.") var target: [String] = []
    @Option(name: .customLong("build-arg"), help: ArgumentHelp("An ARG's value.", valueName: "name[=value]"))
    var buildArg: [String] = []
    @Option(name: .customLong("label"), help: ArgumentHelp("A label of the image.", valueName: "name=value"))
    var label: [String] = []
    @Option(name: .customLong("platform"), help: "os/arch[/variant].") var platform: String?
    @Option(name: .customLong("network"), help: "What RUN without --network can reach.")
    var network = RunOperation.Network.default
    @Option(
        name: .customLong("epoch"),
        help: "Seconds since 1970 that bound the times of files, or auto: the commit's time for the image alone.")
    var epoch = "auto"
    @Flag(name: .customLong("no-cache"), help: "Run every step.") var noCache = false
    @Flag(name: .customLong("push"), help: "Send the image to the registry of each tag.") var push = false
    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("Write the result: type=oci|docker|tar|local,dest=PATH.", valueName: "type=…"))
    var output: [String] = []
    @Option(name: .customLong("iidfile"), help: "Write the config's digest to this file.") var iidFile: String?
    @Option(name: .customLong("metadata-file"), help: "Write what was built, as JSON, to this file.")
    var metadataFile: String?
    @Option(name: .customLong("progress"), help: "How the build is shown on standard error.") var progress =
        ProgressStyle.auto

    func run() async throws {
        let outputs = try output.map(BuildOutput.init(parsing:))
        let references = try tag.map(ImageReference.init(tagArgument:))
        if push, references.isEmpty { throw CommandFailure.usage("--push needs a --tag to push to") }
        for output in outputs { try output.checkDestination() }
        let source = try LocalSource(context: context, file: file)
        let request = try await source.request(
            targets: target, arguments: Self.pairs(buildArg, fromEnvironment: true), labels: Self.pairs(label),
            platforms: [try platform.map(Self.platform) ?? .current], network: network, epoch: epoch,
            usesCache: !noCache)
        let engine = try store.engine(limits: try limits.limits)
        let view = try progress.view(for: source.dockerfile.source)
        let images: [BuiltImage]
        do {
            images = try await view.following(images: { $0 }) { report in
                let images = try await engine.build(request, report: report)
                guard let image = images.last else { return images }
                let results = BuildResults(engine: engine, report: report)
                try await results.write(image, outputs, named: references, epoch: request.created)
                if push {
                    try await engine.push(image, to: references) { report(.transfer($0)) }
                } else {
                    for reference in references { try engine.tag(image, as: reference) }
                }
                return images
            }
        } catch BuildError.step(let failure) {
            throw CommandFailure(
                text: FailedStep(failure, in: source, showsOutput: progress.resolved != .tty).text)
        }
        guard let image = images.last else { return }
        try writeFiles(image, images)
        if store.json {
            StandardOutput.write(images.last.map { $0.json(named: references) }?.lineText ?? "")
            StandardOutput.write("\n")
        } else if !outputs.contains(where: \.writesToStandardOutput) {
            StandardOutput.write("\(image.digest)\n")
        }
    }

    private func writeFiles(_ image: BuiltImage, _ images: [BuiltImage]) throws {
        if let iidFile { try FileContents.write(Array(image.config.digest.description.utf8), to: FilePath(iidFile)) }
        if let metadataFile {
            let json: JSON = [
                "containerimage.digest": .string(image.digest.description),
                "containerimage.config.digest": .string(image.config.digest.description),
                "containerimage.descriptor": image.manifest.descriptor.json,
                "image.name": .string(tag.joined(separator: ",")),
                "targets": .array(images.map { $0.json(named: []) }),
            ]
            try FileContents.write(Array(json.indentedText.utf8) + [UInt8(ascii: "\n")], to: FilePath(metadataFile))
        }
    }

    static func platform(_ text: String) throws -> Platform {
        do { return try Platform(parsing: text) } catch { throw CommandFailure.usage(error.message) }
    }

    /// `name=value`; a bare name takes the value of this process's environment, if it has one.
    private static func pairs(_ texts: [String], fromEnvironment: Bool = false) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            if let equals = text.firstIndex(of: "=") {
                pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
            } else if fromEnvironment {
                pairs[text] = ProcessEnvironment.variables()[text]
            } else {
                throw CommandFailure.usage("`\(text)` is not of the form name=value")
            }
        }
        return pairs
    }
}

extension BuiltImage {
    func json(named references: [ImageReference]) -> JSON {
        [
            "target": .string(target), "digest": .string(digest.description),
            "config": .string(config.digest.description), "size": .integer(size),
            "platform": .string(platform.description), "tags": .array(references.map { .string($0.description) }),
            "layers": .array(
                layers.map { layer in
                    [
                        "diffID": .string(layer.diffID.description),
                        "digest": .string(layer.descriptor.digest.description),
                        "size": .integer(layer.descriptor.size),
                    ]
                }),
        ]
    }
}
