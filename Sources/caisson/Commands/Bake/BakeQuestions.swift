import Bake
import Build
import Dockerfile
import Engine
import Linux
import OCI

/// Questions about the Dockerfiles of targets: one for all (`--call`, `--check`), or what a target's own `call` asks.
struct BakeQuestions {
    let general: DockerfileCall?
    let printsJSON: Bool
    let progress: ProgressStyle

    /// Answers all, if there is one; false if the targets are to be built.
    func answer(_ builds: [BakeTargetBuild], of store: StoreOptions) async throws -> Bool {
        let asked = try builds.filter { !$0.target.isLinked }.map { ($0, try general ?? question(of: $0.target)) }
        let questions = asked.compactMap { build, question in question.map { (build, $0) } }
        guard !questions.isEmpty else { return false }
        guard questions.count == asked.count else {
            throw CommandFailure.usage(
                "some of the targets are questions about a Dockerfile, others are to be built",
                hint: "bake them one after the other")
        }
        let engine = try store.engine()
        var failed = false
        for (build, question) in questions {
            let secrets = try build.command.secrets.secrets()
            let remotes = try engine.remotes(secrets: secrets)
            let source = try await build.source(through: remotes)
            if questions.count > 1, !printsJSON { StandardOutput.write("\(build.name):\n") }
            var survey: PlanSurvey?
            if question.method == .check {
                var request = try await build.request(for: source, of: engine, through: remotes, lending: secrets)
                for (name, target) in build.target.links {
                    request.namedContexts[name] = .image(
                        try ImageReference(argument: name), UnbuiltTarget(name: target))
                }
                survey = try await engine.survey(request)
            }
            do {
                try CallOptions.answer(
                    question, about: source.dockerfile, ignore: source.ignore, target: build.command.target.last,
                    arguments: try BuildCommand.pairs(build.command.buildArg),
                    platform: try BuildCommand.platforms(build.command.platform)[0], printsJSON: printsJSON,
                    survey: survey, progress: progress)
            } catch let failure as CommandFailure where failure.text.isEmpty { failed = true }
        }
        if failed { throw CommandFailure.silent }
        return true
    }

    private func question(of target: BakeTarget) throws -> DockerfileCall? {
        guard let call = target.text(.call) else { return nil }
        var options = CallOptions()
        options.call = call
        options.check = false
        return try options.question()
    }
}

/// Stands in for a target that another one starts from.
private struct UnbuiltTarget: BaseImageResolver {
    let name: String

    func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage {
        throw OCIError(.notFound, "the target `\(name)` is not built for a check")
    }
}
