import Bake
import Build
import Dockerfile
import Engine
import Linux
import SystemPackage

/// A command in what a step ran on: the lines before it, built, are that image.
struct StepGround {
    private let build: BuildCommand

    init(_ build: BuildCommand) { self.build = build }

    /// nil for a Dockerfile that is in no file.
    init?(of target: BakeTargetBuild) {
        guard target.target.text(.dockerfileInline) == nil else { return nil }
        self.init(target.command)
    }

    /// As a shell reads it; nil where no lines of a file make the image.
    func command(for step: Step, of source: BuildSource) -> String? {
        let file = source.dockerfile.source.name
        let line = step.range.firstLine
        let stage = source.dockerfile.stages.last { $0.node.range.firstLine <= line }
        guard build.contexts.file != "-", let directory = source.directory,
            FileContents.exists(FilePath(file).absolute()),
            // The triggers of a base stand at the FROM of whoever starts from it.
            let stage, stage.node.range.firstLine < line
        else { return nil }
        let program = ShellWords.quoted(RerunCommand.program)
        let root = build.store.root.map { ["--root", $0] } ?? []
        return """
            head -n \(line - 1) \(ShellWords.quoted(file)) \\
                  | \(program) build -f - \(ShellWords.quoted(root + options + ["-t", "look", directory.string])) \\
                  && \(program) run \(ShellWords.quoted(root + ["look", "/bin/sh", "-c", "ls -la"]))
            """
    }

    /// The options that decide what steps run on, as far as an image of the first `FROM` up to the step needs them.
    private var options: [String] {
        var options: [String] = []
        func add(_ name: String, _ values: [String]) { for value in values { options += [name, value] } }
        add("--build-arg", build.buildArg.map { RerunCommand.withoutCredentials(RerunCommand.withoutSecret($0)) })
        add("--build-context", build.contexts.buildContext.map(RerunCommand.withoutCredentials))
        add("--platform", build.platform.count == 1 ? build.platform : [])
        add("--secret", build.secrets.secret)
        add("--ssh", build.secrets.ssh)
        add("--allow", build.entitlements.allow.map { "\($0)" })
        return options
    }
}
