internal import Dockerfile
internal import OCI

/// Where stages begin and what they become.
extension Planner {
    mutating func begin(_ stage: Stage, from source: NamedSource) throws -> StageState {
        let explicit = try names.explicitPlatform(of: stage)
        switch source {
        case .stage(let parent):
            var state = takeState(of: parent)
            state.begin(stage)
            if let explicit { state.config.platform = explicit }
            return state
        case .scratch: return scratch(stage, platform: explicit ?? names.platform)
        case .files(let name, let context):
            var state = scratch(stage, platform: explicit ?? names.platform)
            let copy = CopyOperation(
                origin: .context(graph.number(of: context, named: name)), sources: ["."], inlineFiles: [],
                destination: "/", owner: nil, mode: nil, modeText: nil, unpacksArchives: false,
                epoch: state.commandEpoch)
            extend(&state, with: .copy(copy), title: "FROM \(name)", stage.node.keyword, at: stage.from.image.range)
            record("FROM \(name)", isEmpty: false, &state)
            return state
        case .image(let key):
            let image = image(key)
            try check(image, is: key.platform, for: stage)
            let made = image.config.created.flatMap(RFC3339.seconds) ?? 0
            var state = StageState(
                image: image, vertex: graph.add(.image(image), inputs: [], step: nil), stage: stage, globals: globals,
                expander: dockerfile.expander, epoch: request.epoch ?? max(made, Self.earliestEpoch))
            state.config.platform = key.platform
            return state
        }
    }

    /// Who names a single image gets it, whatever it was made for.
    private mutating func check(_ image: BaseImage, is platform: Platform, for stage: Stage) throws {
        let own = image.config.platform
        // A CPU runs what older variants of it do; which, is the image's affair.
        guard own.os != platform.os || own.architecture != platform.architecture else { return }
        let finding = DockerfileCheck.basePlatform(
            own.description, isNot: platform.description, for: stage, settings)
        try report([finding].compactMap { $0 })
    }

    private mutating func scratch(_ stage: Stage, platform: Platform) -> StageState {
        let vertex = graph.add(.scratch, inputs: [], step: nil)
        return StageState(
            scratch: vertex, stage: stage, platform: platform, globals: globals, expander: dockerfile.expander,
            epoch: request.epoch ?? Self.earliestEpoch)
    }

    /// What `COPY --from=` or a mount's `from=` names.
    mutating func source(_ name: String, before stage: Stage, allowsNumber: Bool) throws -> PlannedSource {
        switch names.source(name, before: stage, allowsNumber: allowsNumber) {
        case .scratch: .vertex(graph.add(.scratch, inputs: [], step: nil))
        case .stage(let other): .vertex(vertex(of: other))
        case .files(let name, let context): .context(graph.number(of: context, named: name))
        case .image(let key):
            // A survey goes on without what cannot be had.
            .vertex(graph.add(isSurvey ? .scratch : .image(image(key)), inputs: [], step: nil))
        }
    }

    private func image(_ key: ImageKey) -> BaseImage {
        guard let image = images[key] else { preconditionFailure("every reachable image is resolved before planning") }
        return image
    }

    func image(of state: StageState, _ stage: Stage) -> PlannedImage {
        var config = state.config
        config.environment = state.environment.image.assignments
        var labels = config.labels
        for (name, value) in request.labels { labels[name] = value }
        config.labels = labels
        config.created = RFC3339.text(request.created)
        return PlannedImage(
            target: stage.name ?? String(stage.index), vertex: state.vertex, base: state.base, config: config,
            history: state.baseHistory + state.history, platform: names.platform, annotations: request.annotations)
    }
}

/// Something to take files from, in the graph.
enum PlannedSource {
    case context(Int)
    case vertex(VertexID)
}
