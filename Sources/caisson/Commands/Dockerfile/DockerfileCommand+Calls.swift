import ArgumentParser
import Dockerfile
import Linux
import OCI

// Questions about a file that are answered from its text.
extension DockerfileCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Reports every mistake and doubtful place of a Dockerfile.",
            discussion: "Example: caisson dockerfile check Dockerfile")

        @OptionGroup var subject: Subject

        func run() throws { try subject.answer(.check) }
    }

    struct Outline: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "outline", abstract: "Lists what a target asks for: arguments, secrets, agents, cache mounts.",
            discussion: "Example: caisson dockerfile outline Dockerfile --target release")

        @OptionGroup var subject: Subject
        @Option(name: .customLong("target"), help: "A stage; the last one by default.") var target: String?

        func run() throws { try subject.answer(.outline, target: target) }
    }

    struct Targets: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "targets",
            abstract: "Lists the stages that can be built, with what the comments above them say.")

        @OptionGroup var subject: Subject

        func run() throws { try subject.answer(.targets) }
    }

    /// The file that is asked about, and what its words depend on.
    struct Subject: ParsableArguments {
        @Argument(help: "The Dockerfile, - for standard input.") var file = "Dockerfile"
        @Option(name: .customLong("build-arg"), help: ArgumentHelp("An ARG's value.", valueName: "name[=value]"))
        var buildArg: [String] = []
        @Option(name: .customLong("platform"), help: "os/arch[/variant].") var platform: String?
        @Flag(name: .customLong("json"), help: "Print one JSON document.") var json = false

        func answer(_ method: DockerfileCall.Method, target: String? = nil) throws {
            let stages = DockerfileStages(DockerfileParser.parse(try DockerfileCommand.read(file), name: file))
            let circumstances = DockerfileCall.Circumstances(
                target: target, buildArguments: try BuildCommand.pairs(buildArg, bare: .environment),
                platform: .init(of: try platform.map(BuildCommand.platform) ?? .current),
                buildPlatform: .init(of: .current))
            let answer: DockerfileCall.Answer
            do {
                answer = try DockerfileCall(method, printsJSON: json).answer(about: stages, in: circumstances)
            } catch {
                throw CommandFailure.usage(error.message, hint: error.hint)
            }
            StandardOutput.write(answer.text)
            guard answer.isFailure else { return }
            let count = "\(answer.errorCount) error\(answer.errorCount == 1 ? "" : "s")"
            throw json ? CommandFailure.silent : CommandFailure("\(file) has \(count)")
        }
    }
}

extension PlatformArguments.Platform {
    init(of platform: Platform) {
        self.init(
            os: platform.os, architecture: platform.architecture, variant: platform.variant ?? "",
            osVersion: platform.osVersion ?? "")
    }
}
