internal import Dockerfile
internal import OCI

/// What a stage has come to at one of its instructions: the vertex, the configuration, the variables, the history.
struct StageState {
    var vertex: VertexID
    var base: BaseImage?
    var config: ImageConfig
    var environment: StageEnvironment
    var baseHistory: [HistoryEntry]
    var history: [HistoryEntry] = []
    var epoch: Int64
    /// CMD was given in this stage, so ENTRYPOINT keeps it.
    var hasCommand = false
    var stageName: String
    /// Steps so far, and how many the stage has.
    var stepIndex = 0
    var stepCount = 1
    /// The FROM that brought the ONBUILD triggers, while they are planned: they have no place of their own.
    var triggerRange: SourceRange?

    private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(
        scratch vertex: VertexID, stage: Stage, platform: Platform, globals: GlobalArguments, expander: WordExpander,
        epoch: Int64
    ) {
        self.init(
            vertex: vertex, config: ImageConfig(platform: platform), stage: stage, globals: globals, expander: expander,
            epoch: epoch)
        config.workingDirectory = "/"
    }

    init(
        image: BaseImage, vertex: VertexID, stage: Stage, globals: GlobalArguments, expander: WordExpander, epoch: Int64
    ) {
        self.init(
            vertex: vertex, config: image.config, stage: stage, globals: globals, expander: expander, epoch: epoch)
        base = image
        baseHistory = Self.history(of: image.config)
    }

    private init(
        vertex: VertexID, config: ImageConfig, stage: Stage, globals: GlobalArguments, expander: WordExpander,
        epoch: Int64
    ) {
        self.vertex = vertex
        self.config = config
        self.epoch = epoch
        baseHistory = []
        stageName = stage.name ?? String(stage.index)
        var image = EnvironmentList(config.environment)
        if image["PATH"] == nil { image["PATH"] = Self.defaultPath }
        environment = StageEnvironment(image: image, globals: globals, expander: expander)
    }

    /// Goes on as the stage that was built from this one.
    mutating func begin(_ stage: Stage) {
        hasCommand = false
        stepIndex = 0
        stageName = stage.name ?? String(stage.index)
    }

    /// The base's history, mended where its count of layers is wrong: tools index layers by it.
    private static func history(of config: ImageConfig) -> [HistoryEntry] {
        let layers = config.diffIDs.count
        if config.history.count(where: { !$0.isEmptyLayer }) == layers { return config.history }
        return (0..<layers).map { _ in HistoryEntry(created: config.created, comment: "layer of the base image") }
    }

    /// The directory that relative paths start from.
    var workingDirectory: String { config.workingDirectory.isEmpty ? "/" : config.workingDirectory }

    /// `path` from the working directory, cleaned; a trailing slash, or a last component `.`, is kept as a slash.
    func absolute(_ path: String) -> String {
        var components: [Substring] = path.hasPrefix("/") ? [] : workingDirectory.split(separator: "/")
        let parts = path.split(separator: "/")
        for part in parts {
            if part == ".." { _ = components.popLast() } else if part != "." { components.append(part) }
        }
        let cleaned = "/" + components.joined(separator: "/")
        let isDirectory = path.hasSuffix("/") || parts.isEmpty || parts.last == "." || parts.last == ".."
        return isDirectory && cleaned != "/" ? cleaned + "/" : cleaned
    }

    /// The prefix of commands in shell form.
    var shell: [String] { config.shell ?? ["/bin/sh", "-c"] }

    /// Bounds the times of new files, and is what commands see as `SOURCE_DATE_EPOCH`.
    var commandEpoch: Int64 { environment["SOURCE_DATE_EPOCH"].flatMap(Int64.init) ?? epoch }
}
