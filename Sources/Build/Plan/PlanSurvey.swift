package import Dockerfile

/// What the images that a Dockerfile names add to what its text says: the findings and mistakes of the stages that are
/// needed, for who asks about the file and builds nothing.
package struct PlanSurvey: Sendable {
    package private(set) var findings: [Diagnostic] = []
    /// Why images could not be looked at, each at the place that names it. Stages that start from these are left out.
    package fileprivate(set) var missing: [Diagnostic] = []

    fileprivate mutating func add(_ found: [Diagnostic]) {
        for finding in found where !findings.contains(finding) { findings.append(finding) }
    }

    /// Throws what concerns more than the Dockerfile.
    fileprivate mutating func add(_ error: any Error) throws {
        switch error {
        case let error as PlanError: add([error.diagnostic])
        case let error as ArgumentError: add([error.diagnostic])
        case let error as MissingImage:
            if !missing.contains(error.diagnostic) { missing.append(error.diagnostic) }
        case BuildError.infrastructure(let message): missing.append(.error(message, at: nil))
        default: throw error
        }
    }
}

extension Planner {
    /// Asks for the documents of images as `plan` does. A stage with a mistake does not hide those of others.
    package static func survey(
        _ request: BuildRequest, images resolver: any BaseImageResolver
    ) async throws -> PlanSurvey {
        let request = withFrontEnd(request)
        let dockerfile = request.dockerfile
        var survey = PlanSurvey()
        guard !dockerfile.diagnostics.hasErrors, !dockerfile.hasForeignFrontEnd else { return survey }
        do {
            let (targets, names) = try subjects(of: request)
            let settings = LintSettings(
                dockerfile, directive: request.buildArguments[DockerfileCheck.argumentName])
            let images = try await ImageResolution(targets: targets, names: names, resolver: resolver)
                .images { try survey.add($0) }
            for names in names {
                var planner = Planner(
                    request: request, names: names, images: images, graph: Graph(contexts: [request.context]),
                    steps: [], settings: settings, isSurvey: true)
                try planner.survey(targets, &survey)
            }
        } catch { try survey.add(error) }
        survey.missing = survey.missing.inOrder
        return survey
    }

    private mutating func survey(_ targets: [Stage], _ survey: inout PlanSurvey) throws {
        var left: Set<Int> = []
        for stage in try stages(of: targets) {
            do {
                if try isKnown(names.replacement(of: stage) ?? names.base(of: stage), without: left) {
                    try plan(stage)
                    continue
                }
            } catch { try survey.add(error) }
            left.insert(stage.index)
            // Others may copy from it.
            vertices[stage.index] = graph.add(.scratch, inputs: [], step: nil)
        }
        survey.add(warnings)
    }

    private func isKnown(_ source: NamedSource, without left: Set<Int>) -> Bool {
        switch source {
        case .scratch, .files: true
        case .stage(let stage): !left.contains(stage.index)
        case .image(let key): images[key] != nil
        }
    }
}
