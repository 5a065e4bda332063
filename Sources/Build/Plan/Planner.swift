import Dockerfile
import OCI

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
    let globals: GlobalArguments
    let images: [String: BaseImage]
    var graph: Graph
    var steps: [Step] = []
    var warnings: [Diagnostic] = []
    private var planned: [Int: StageState] = [:]

    /// Throws `BuildError.dockerfile` with every mistake that was found, or what resolving an image threw.
    package static func plan(_ request: BuildRequest, images resolver: any BaseImageResolver) async throws -> BuildPlan
    {
        let dockerfile = request.dockerfile
        guard !dockerfile.diagnostics.hasErrors else {
            throw BuildError.dockerfile(dockerfile.diagnostics, in: dockerfile.source)
        }
        do {
            let targets = try targetStages(request)
            let globals = try globalArguments(request, target: targets.last)
            let references = try ReachableImages(from: targets, in: dockerfile, globals: globals).references
            let images = try await resolve(references, in: dockerfile.source, platform: request.platform, resolver)
            var planner = Planner(request: request, globals: globals, images: images)
            var results: [PlannedImage] = []
            for target in targets { results.append(planner.image(of: try planner.plan(target), target)) }
            return BuildPlan(
                graph: planner.graph, targets: results, steps: planner.steps,
                warnings: dockerfile.diagnostics.filter { $0.severity == .warning } + planner.warnings)
        } catch let error as ArgumentError {
            throw BuildError.dockerfile([error.diagnostic], in: dockerfile.source)
        } catch let error as PlanError {
            throw BuildError.dockerfile([error.diagnostic], in: dockerfile.source)
        }
    }

    private init(request: BuildRequest, globals: GlobalArguments, images: [String: BaseImage]) {
        self.request = request
        dockerfile = request.dockerfile
        self.globals = globals
        self.images = images
        graph = Graph(contexts: [request.context])
    }

    private static func targetStages(_ request: BuildRequest) throws -> [Stage] {
        let stages = request.dockerfile.stages
        if request.targets.isEmpty { return stages.suffix(1) }
        return try request.targets.map { name in
            if let stage = request.dockerfile.stage(name) { return stage }
            let names = stages.compactMap(\.name)
            let hint = Suggestion.nearest(to: name, among: names).map { "; did you mean `\($0)`?" } ?? ""
            throw BuildError.request(
                "\(request.dockerfile.source.name) has no stage `\(name)`, its stages are: "
                    + (names.isEmpty ? "unnamed" : names.joined(separator: ", ")) + hint)
        }
    }

    private static func globalArguments(_ request: BuildRequest, target: Stage?) throws -> GlobalArguments {
        var arguments = request.buildArguments
        if arguments["SOURCE_DATE_EPOCH"] == nil {
            arguments["SOURCE_DATE_EPOCH"] = String(request.epoch ?? request.created)
        } else if let text = arguments["SOURCE_DATE_EPOCH"], Int64(text).map({ $0 < 0 }) ?? true {
            throw BuildError.request("the build argument SOURCE_DATE_EPOCH is `\(text)`, not a number of seconds")
        }
        var globals = GlobalArguments(
            buildArguments: arguments,
            platform: PlatformArguments(
                target: .init(request.platform), build: .init(.current), stage: target?.name),
            expander: request.dockerfile.expander)
        for instruction in request.dockerfile.globalArguments {
            if case .arg(let arg) = instruction.instruction { try globals.declare(arg) }
        }
        return globals
    }

    private static func resolve(
        _ references: [String: FromReference], in source: SourceText, platform: Platform,
        _ resolver: any BaseImageResolver
    ) async throws -> [String: BaseImage] {
        try await withThrowingTaskGroup(of: (String, BaseImage).self) { group in
            for (text, reference) in references {
                let name = try reference.parsed()
                group.addTask {
                    do { return (text, try await resolver.resolve(name, platform: platform)) } catch {
                        if error is CancellationError || error is BuildError { throw error }
                        let start = reference.range.start
                        throw BuildError.infrastructure("\(source.name):\(start.line):\(start.column): \(error)")
                    }
                }
            }
            var images: [String: BaseImage] = [:]
            for try await (text, image) in group { images[text] = image }
            return images
        }
    }

    // MARK: Stages

    /// The state at the end of a stage, planned once.
    mutating func plan(_ stage: Stage) throws -> StageState {
        if let state = planned[stage.index] { return state }
        var state = try begin(stage)
        for instruction in stage.instructions {
            try plan(instruction, in: stage, &state)
        }
        planned[stage.index] = state
        return state
    }

    private mutating func begin(_ stage: Stage) throws -> StageState {
        let name = try globals.expand(stage.from.image)
        try checkPlatform(stage.from)
        if let parent = dockerfile.stage(named: name, before: stage.index) {
            var state = try plan(parent)
            state.begin(stage)
            return state
        }
        if name == "scratch" {
            let vertex = graph.add(.scratch, inputs: [], step: nil)
            return StageState(
                scratch: vertex, stage: stage, platform: request.platform, globals: globals,
                expander: dockerfile.expander, epoch: request.epoch ?? Self.earliestEpoch)
        }
        guard let image = images[name] else { preconditionFailure("every reachable image is resolved before planning") }
        if let triggers = image.config[runtime: "OnBuild"]?.arrayValue, !triggers.isEmpty {
            throw PlanError.unsupported("a base image with ONBUILD triggers", at: stage.from.image.range)
        }
        let vertex = graph.add(.image(image), inputs: [], step: nil)
        let made = image.config.created.flatMap(RFC3339.seconds) ?? 0
        var state = StageState(
            image: image, vertex: vertex, stage: stage, globals: globals, expander: dockerfile.expander,
            epoch: request.epoch ?? max(made, Self.earliestEpoch))
        state.config.platform = request.platform
        return state
    }

    private func checkPlatform(_ from: FromInstruction) throws {
        guard let flag = from.platform else { return }
        let text = try globals.expand(flag.word)
        let platform: Platform
        do { platform = try Platform(parsing: text) } catch {
            throw PlanError(.error(error.message, at: flag.range, hint: "write --platform=linux/amd64"))
        }
        guard platform == request.platform else {
            throw PlanError.unsupported(
                "a stage for `\(platform)` in a build for `\(request.platform)`", at: flag.range)
        }
    }

    /// An image that is copied from.
    mutating func imageVertex(_ name: String) -> VertexID {
        guard let image = images[name] else { preconditionFailure("every reachable image is resolved before planning") }
        return graph.add(.image(image), inputs: [], step: nil)
    }

    private func image(of state: StageState, _ stage: Stage) -> PlannedImage {
        var config = state.config
        config.environment = state.environment.image.assignments
        var labels = config.labels
        for (name, value) in request.labels { labels[name] = value }
        config.labels = labels
        config.created = RFC3339.text(request.created)
        return PlannedImage(
            target: stage.name ?? String(stage.index), vertex: state.vertex, base: state.base, config: config,
            history: state.baseHistory + state.history, platform: request.platform)
    }
}

/// A mistake that only planning finds.
struct PlanError: Error {
    let diagnostic: Diagnostic

    init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }

    /// What the language has and this engine does not do. Never ignored: the result would not be what was asked for.
    static func unsupported(_ what: String, at range: SourceRange?) -> PlanError {
        PlanError(.error("\(what) is not supported yet", at: range))
    }
}

extension PlatformArguments.Platform {
    init(_ platform: Platform) {
        self.init(
            os: platform.os, architecture: platform.architecture, variant: platform.variant ?? "",
            osVersion: platform.osVersion ?? "")
    }
}
