import Dockerfile
import OCI
import Sandbox

/// Turns a Dockerfile into the graph of the vertices its targets need. Stages no target needs are not looked at;
/// nothing runs and no layer is fetched, but the documents of base images are, because their configuration decides what
/// instructions mean.
///
/// Files get times that are a function of the step's inputs, not of the commit: the base image's creation time, which
/// no commit changes, so that a step has one result whether it was built now or cached for months. A stage that declares
/// `ARG SOURCE_DATE_EPOCH` asks for the commit's time instead and is rebuilt with each.
package struct Planner {
    /// Times before it are refused by some archive formats; it stands for images that do not say when they were made.
    static let earliestEpoch: Int64 = 315_532_800

    let request: BuildRequest
    let dockerfile: DockerfileStages
    let names: SourceNames
    let images: [ImageKey: BaseImage]
    var graph: Graph
    var steps: [Step] = []
    var warnings: [Diagnostic] = []
    /// Read when an instruction names a device.
    lazy var hostDevices = request.devices.contents()
    /// What ARG instructions were carried out, those of triggers among them.
    var argumentNames: Set<String> = []
    let settings: LintSettings
    /// Nothing is going to be built: what depends on this host is not looked at, and mistakes do not end the planning.
    let isSurvey: Bool
    private var planned: [Int: StageState] = [:]
    var vertices: [Int: VertexID] = [:]
    /// How many have yet to ask for the state of a stage; nobody asks for it again once these have.
    private var heirs: [Int: Int] = [:]

    var globals: GlobalArguments { names.globals }

    /// Throws `BuildError.dockerfile` with every mistake that was found, or what resolving an image threw.
    package static func plan(_ request: BuildRequest, images resolver: any BaseImageResolver) async throws -> BuildPlan
    {
        let request = withFrontEnd(request)
        let dockerfile = request.dockerfile
        guard !dockerfile.diagnostics.hasErrors else {
            throw BuildError.dockerfile(dockerfile.diagnostics, in: dockerfile.source)
        }
        if request.network == .host, !request.entitlements.contains(.hostNetwork) {
            throw BuildError.request("the network `host` needs the entitlement network.host: give --allow network.host")
        }
        if request.platforms.count < 2, let annotation = request.annotations.first(where: { $0.place != .manifest }) {
            throw BuildError.request(
                "the annotation `\(annotation.name)` is for the index, and an image for one platform has none")
        }
        do {
            let (targets, names) = try subjects(of: request)
            let settings = LintSettings(
                dockerfile, directive: request.buildArguments[DockerfileCheck.argumentName])
            var warnings = try findings(request, targets, names).filter { $0.severity == .warning }
            let images = try await ImageResolution(
                targets: targets, names: names, resolver: resolver
            ).images()
            var graph = Graph(contexts: [request.context])
            var steps: [Step] = []
            var results: [PlannedImage] = []
            var argumentNames: Set<String> = []
            for names in names {
                var planner = Planner(
                    request: request, names: names, images: images, graph: graph, steps: steps, settings: settings)
                results += try planner.images(of: targets)
                graph = planner.graph
                steps = planner.steps
                argumentNames.formUnion(planner.argumentNames)
                for warning in planner.warnings where !warnings.contains(warning) { warnings.append(warning) }
            }
            warnings += names.first?.unusedContexts() ?? []
            warnings += names.first?.unusedArguments(declared: argumentNames) ?? []
            return BuildPlan(graph: graph, targets: results, steps: steps, warnings: warnings.inOrder)
        } catch let error as ArgumentError {
            throw BuildError.dockerfile([error.diagnostic], in: dockerfile.source)
        } catch let error as PlanError {
            throw BuildError.dockerfile([error.diagnostic], in: dockerfile.source)
        } catch let error as MissingImage {
            throw BuildError.unavailable(error.diagnostic, in: dockerfile.source)
        }
    }

    static func withFrontEnd(_ request: BuildRequest) -> BuildRequest {
        guard let frontEnd = request.buildArguments[DockerfileStages.frontEndArgument] else { return request }
        var request = request
        request.dockerfile = DockerfileStages(request.dockerfile.syntax, frontEnd: frontEnd)
        return request
    }

    /// The targets, and what names mean on each platform.
    static func subjects(of request: BuildRequest) throws -> (targets: [Stage], names: [SourceNames]) {
        let targets = try targetStages(request)
        let names = try request.platforms.map { platform in
            SourceNames(
                dockerfile: request.dockerfile, contexts: request.namedContexts,
                globals: try globalArguments(request, target: targets.last, platform: platform), platform: platform)
        }
        return (targets, names)
    }

    /// What the language says of the stages that are built; errors among it are those that the file asks for.
    private static func findings(_ request: BuildRequest, _ targets: [Stage], _ names: [SourceNames]) throws
        -> [Diagnostic]
    {
        let dockerfile = request.dockerfile
        guard let lint = request.lint else { return dockerfile.diagnostics }
        var stages: Set<Int> = []
        for names in names {
            let references = StageReferences(dockerfile, globals: names.globals)
            for target in targets { stages.formUnion(references.reachable(from: target).map(\.index)) }
        }
        let findings = DockerfileCheck.check(
            dockerfile, ignore: lint.ignore, directive: request.buildArguments[DockerfileCheck.argumentName],
            buildArguments: request.buildArguments, stages: stages)
        if findings.hasErrors { throw BuildError.dockerfile(findings, in: dockerfile.source) }
        return findings
    }

    init(
        request: BuildRequest, names: SourceNames, images: [ImageKey: BaseImage], graph: Graph, steps: [Step],
        settings: LintSettings, isSurvey: Bool = false
    ) {
        self.request = request
        self.settings = settings
        self.isSurvey = isSurvey
        dockerfile = request.dockerfile
        self.names = names
        self.images = images
        self.graph = graph
        self.steps = steps
    }

    private static func targetStages(_ request: BuildRequest) throws -> [Stage] {
        let stages = request.dockerfile.stages
        if request.targets.isEmpty { return stages.suffix(1) }
        var targets: [Stage] = []
        for name in request.targets {
            if let stage = request.dockerfile.stage(name) {
                // By its name and by its number it is one target.
                if !targets.contains(where: { $0.index == stage.index }) { targets.append(stage) }
                continue
            }
            let names = stages.compactMap(\.name)
            let hint = Suggestion.nearest(to: name, among: names).map { "; did you mean `\($0)`?" } ?? ""
            throw BuildError.request(
                "\(request.dockerfile.source.name) has no stage `\(name)`, its stages are: "
                    + (names.isEmpty ? "unnamed" : names.joined(separator: ", ")) + hint)
        }
        return targets
    }

    private static func globalArguments(_ request: BuildRequest, target: Stage?, platform: Platform) throws
        -> GlobalArguments
    {
        var arguments = request.buildArguments
        if arguments["SOURCE_DATE_EPOCH"] == nil {
            arguments["SOURCE_DATE_EPOCH"] = String(request.epoch ?? request.created)
        } else if let text = arguments["SOURCE_DATE_EPOCH"], Int64(text).map({ $0 < 0 }) ?? true {
            throw BuildError.request("the build argument SOURCE_DATE_EPOCH is `\(text)`, not a number of seconds")
        }
        var globals = GlobalArguments(
            buildArguments: arguments,
            platform: PlatformArguments(target: .init(platform), build: .init(.current), stage: target?.name),
            expander: request.dockerfile.expander)
        for instruction in request.dockerfile.globalArguments {
            if case .arg(let arg) = instruction.instruction { try globals.declare(arg) }
        }
        return globals
    }

    /// Plans each stage after all that it needs, so that none waits in the middle of another.
    private mutating func images(of targets: [Stage]) throws -> [PlannedImage] {
        for stage in try stages(of: targets) { try plan(stage) }
        return targets.map { image(of: takeState(of: $0), $0) }
    }

    /// The stages to plan, in their order; the state of each is kept for as many as will ask for it.
    mutating func stages(of targets: [Stage]) throws -> [Stage] {
        let stages = try ReachableImages(from: targets, names, known: images).stages
        for stage in stages where try names.replacement(of: stage) == nil {
            if case .stage(let parent) = try names.base(of: stage) { heirs[parent.index, default: 0] += 1 }
        }
        for target in targets { heirs[target.index, default: 0] += 1 }
        return stages
    }

    /// The state at the end of a stage, for one of its heirs. The last one gets it without a copy, which holds every
    /// variable and all history: of a chain of stages that would be the more the longer it is.
    mutating func takeState(of stage: Stage) -> StageState {
        guard let state = planned[stage.index], let count = heirs[stage.index] else {
            preconditionFailure("every stage is planned after those it needs")
        }
        heirs[stage.index] = count - 1
        if count == 1 { planned[stage.index] = nil }
        return state
    }

    func vertex(of stage: Stage) -> VertexID {
        guard let vertex = vertices[stage.index] else {
            preconditionFailure("every stage is planned after those it needs")
        }
        return vertex
    }

    mutating func plan(_ stage: Stage) throws {
        let state: StageState
        if let replacement = try names.replacement(of: stage) {
            state = try begin(stage, from: replacement)
        } else {
            state = try planInstructions(of: stage)
        }
        vertices[stage.index] = state.vertex
        if heirs[stage.index] != nil { planned[stage.index] = state }
    }

    /// Adds findings to the warnings; one that the file wants as an error ends the planning.
    mutating func report(_ findings: [Diagnostic]) throws {
        if !isSurvey, let error = findings.first(where: { $0.severity == .error }) { throw PlanError(error) }
        warnings += findings
    }

    private mutating func planInstructions(of stage: Stage) throws -> StageState {
        var state = try begin(stage, from: try names.base(of: stage))
        let triggers = try takeTriggers(of: stage, from: &state)
        state.stepCount = Self.stepCount(of: triggers + stage.instructions)
        try plan(triggers: triggers, in: stage, &state)
        if request.lint != nil {
            try report(DockerfileCheck.unsetVariables(of: stage, after: state.environment, in: dockerfile, settings))
        }
        for instruction in stage.instructions { try plan(instruction, in: stage, &state) }
        return state
    }
}

/// A mistake that only planning finds.
struct PlanError: Error {
    let diagnostic: Diagnostic

    init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }
}

extension PlatformArguments.Platform {
    init(_ platform: Platform) {
        self.init(
            os: platform.os, architecture: platform.architecture, variant: platform.variant ?? "",
            osVersion: platform.osVersion ?? "")
    }
}
