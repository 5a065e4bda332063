package import Build
import Dockerfile
import OCI

extension Engine {
    /// What was just built, as a named context of another build.
    package func namedContext(of target: BuiltTarget, called name: String) throws -> NamedContext {
        .image(try ImageReference(parsing: BuiltImages.repository), BuiltImages(target, name: name, library: library))
    }
}

/// The images of a target, one for each platform; all their layers are brought into the store when a build uses them.
struct BuiltImages: BaseImageResolver {
    private let images: [BuiltImage]
    private let name: String
    private let library: ImageLibrary

    /// No registry has them.
    static let repository = "built.invalid/image"

    init(_ target: BuiltTarget, name: String, library: ImageLibrary) {
        images = target.images
        self.name = name
        self.library = library
    }

    func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage {
        guard let image = images.first(where: { $0.platform == platform }) else {
            let built = images.map(\.platform.description).joined(separator: ", ")
            throw BuildError.request("`\(name)` was built for \(built), not for \(platform)")
        }
        try await library.fetch(image.chain, origins: LayerOrigins(of: image), report: { _ in })
        var pinned = reference
        pinned.digest = image.digest
        return BaseImage(
            reference: pinned, manifest: image.manifest.descriptor, config: try ImageConfig(parsing: image.configBytes),
            layers: image.layers.map(\.descriptor))
    }
}
