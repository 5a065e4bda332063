import ArgumentParser
import Build
import Engine
import Linux
import OCI

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Brings an image from its registry into the store.",
        discussion: "Example: caisson pull 127.0.0.1:5000/app:1")

    @Argument(help: "An image of a registry, as host/name:tag or host/name@digest.") var reference: String
    @Option(name: .customLong("platform"), help: "os/arch[/variant].") var platform: String?
    @Option(name: .customLong("progress"), help: "How it is shown on standard error.") var progress = ProgressStyle.auto
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let reference = try ImageReference(argument: self.reference)
        let platform = try platform.map(BuildCommand.platform) ?? .current
        let image = try await progress.view(store.color).following(images: { _ in [] }) { report in
            try await store.engine().pull(reference, platform: platform) { report(.transfer($0)) }
        }
        let json: JSON = [
            "name": .string(reference.description), "digest": .string(image.manifest.digest.description),
            "layers": .array(image.config.diffIDs.map { .string($0.description) }),
        ]
        StandardOutput.write(store.json ? json.lineText + "\n" : "\(image.manifest.digest)\n")
    }
}

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Sends an image of the store to a registry.",
        discussion: """
            Examples:
              caisson push 127.0.0.1:5000/app:1
              caisson push app:dev 127.0.0.1:5000/team/app:dev
            """)

    @Argument(help: "An image of the store.") var reference: String
    @Argument(help: "Where to, if not under its own name.") var destination: String?
    @Option(name: .customLong("progress"), help: "How it is shown on standard error.") var progress = ProgressStyle.auto
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let source = try ImageReference(tagArgument: reference)
        let destination = try destination.map(ImageReference.init(tagArgument:)) ?? source
        let engine = try store.engine()
        let image = try await engine.storedTarget(source)
        try await progress.view(store.color).following(images: { _ in [] }) { report in
            try await engine.push(image, to: [destination]) { report(.transfer($0)) }
        }
        let json: JSON = ["name": .string(destination.description), "digest": .string(image.digest.description)]
        StandardOutput.write(store.json ? json.lineText + "\n" : "\(image.digest)\n")
    }
}
