import Build
import Dockerfile
import OCI
import Synchronization

/// Images by name, with what was asked for.
final class KnownImages: BaseImageResolver {
    private let images: [String: ImageConfig]
    private let asked = Mutex<[String]>([])

    init(_ images: [String: ImageConfig] = [:]) { self.images = images }

    var resolved: [String] { asked.withLock { $0.sorted() } }

    func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage {
        let name = reference.repository.description.split(separator: "/").last.map(String.init) ?? ""
        asked.withLock { $0.append(name) }
        guard let config = images[name] else { throw OCIError(.notFound, "no image `\(reference)`") }
        return Self.image(reference, config)
    }

    static func image(_ reference: ImageReference, _ config: ImageConfig) -> BaseImage {
        let bytes = config.canonicalBytes
        return BaseImage(
            reference: reference, manifest: Descriptor(of: bytes, mediaType: .ociManifest), config: config,
            layers: config.diffIDs.map { Descriptor(mediaType: .ociLayerTar, digest: $0.digest, size: 1) })
    }
}

extension ImageConfig {
    /// An image with `layers` layers and the members of `json` besides.
    static func sample(layers: Int = 1, json: String = "{}") throws -> ImageConfig {
        var object = try JSON(parsing: Array(json.utf8)).objectValue ?? [:]
        let ids = (0..<layers).map { JSON.string(Digest.of([UInt8($0)]).description) }
        object["rootfs"] = ["type": "layers", "diff_ids": .array(ids)]
        object["os"] = object["os"] ?? "linux"
        object["architecture"] = object["architecture"] ?? .string(Platform.current.architecture)
        return try ImageConfig(parsing: JSON.object(object).canonicalBytes)
    }
}

extension BuildRequest {
    /// A request for a Dockerfile in a test.
    init(_ dockerfile: String, context: any BuildContext = EmptyContext(), created: Int64 = 1_700_000_000) {
        self.init(
            dockerfile: DockerfileStages(DockerfileParser.parse(Array(dockerfile.utf8), name: "Dockerfile")),
            context: context, network: .none, created: created)
    }
}

extension BuildPlan {
    static func of(
        _ dockerfile: String, images: KnownImages = KnownImages(), _ change: (inout BuildRequest) -> Void = { _ in }
    ) async throws -> BuildPlan {
        var request = BuildRequest(dockerfile)
        change(&request)
        return try await Planner.plan(request, images: images)
    }

    /// The commands in the order of the file.
    var runs: [RunOperation] {
        graph.vertices.compactMap { if case .run(let run) = $0.operation { run } else { nil } }
    }

    var copies: [CopyOperation] {
        graph.vertices.compactMap { if case .copy(let copy) = $0.operation { copy } else { nil } }
    }

    var history: [String] { targets[0].history.map { $0.createdBy ?? "" } }

    func runtime(_ name: String) -> JSON? { targets[0].config[runtime: name] }
}
