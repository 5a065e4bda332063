package import Dockerfile
package import OCI
package import Sandbox

/// What to build, from what, for whom.
package struct BuildRequest: Sendable {
    package var dockerfile: DockerfileStages
    package var context: any BuildContext
    /// Stages by name or number; empty means the last one.
    package var targets: [String]
    package var buildArguments: [String: String]
    package var labels: [String: String]
    package var annotations: [ImageAnnotation] = []
    /// One image of each target for each.
    package var platforms: [Platform]
    /// For RUN without `--network`.
    package var network: RunOperation.Network
    package var settings = RunSettings()
    /// What the Dockerfile may ask for.
    package var entitlements: Set<Entitlement> = []
    /// What RUN can have of this host's devices.
    package var devices = DeviceRegistry()
    /// Bounds the times of all new files; nil derives them from the base image (see `Planner`).
    package var epoch: Int64?
    /// When the source was made: the commit's time. The time of the image.
    package var created: Int64
    package var usesCache: Bool
    package var cache = CacheSettings()
    /// A pattern of COPY or ADD that matches nothing is an error.
    package var isStrict = false
    /// Says what is doubtful about the Dockerfile, and fails where the file itself asks for that.
    package var lint: Lint?
    /// What RUN may be lent.
    package var secrets = BuildSecrets()
    /// Sees the place of the first command that fails.
    package var visitor: FailureVisitor?
    /// What stands in for stages and images.
    package var namedContexts = NamedContexts()
    /// Where ADD gets what it names by URL.
    package var remotes: (any RemoteSources)?

    package struct Lint: Sendable {
        /// What applies to the context.
        package let ignore: IgnoreFile

        package init(ignore: IgnoreFile) { self.ignore = ignore }
    }

    package init(
        dockerfile: DockerfileStages, context: any BuildContext, targets: [String] = [],
        buildArguments: [String: String] = [:], labels: [String: String] = [:], platforms: [Platform] = [.current],
        network: RunOperation.Network = .default, epoch: Int64? = nil, created: Int64, usesCache: Bool = true
    ) {
        self.dockerfile = dockerfile
        self.context = context
        self.targets = targets
        self.buildArguments = buildArguments
        self.labels = labels
        self.platforms = platforms
        self.network = network
        self.epoch = epoch
        self.created = created
        self.usesCache = usesCache
    }
}

/// A graph with what its targets become.
package struct BuildPlan: Sendable {
    package let graph: Graph
    package let targets: [PlannedImage]
    /// Of all vertices, in the order of the file.
    package let steps: [Step]
    package let warnings: [Diagnostic]
}

/// An image but for the layers that the build has yet to make.
package struct PlannedImage: Sendable {
    /// The stage's name or number.
    package let target: String
    package let vertex: VertexID
    /// Where the lowest layers come from; nil for an image from scratch.
    package let base: BaseImage?
    /// Without diffIDs and history.
    package let config: ImageConfig
    package let history: [HistoryEntry]
    package let platform: Platform
    package let annotations: [ImageAnnotation]

    /// The configuration of the image whose layers are `layers`.
    package func config(with layers: LayerChain) -> ImageConfig {
        var config = config
        config.diffIDs = layers.layers
        config.history = history
        return config
    }
}
