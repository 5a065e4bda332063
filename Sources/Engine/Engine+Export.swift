package import Build
package import Linux
package import OCI
import Registry
package import SystemPackage

extension Engine {
    /// The same images with layers compressed otherwise.
    package func encoded(_ target: BuiltTarget, as encoding: LayerEncoding) async throws -> BuiltTarget {
        var images: [BuiltImage] = []
        for image in target.images {
            if encoding.isForced { try await fetchLayers(of: image) }
            images.append(try await ImageAssembler(store: store, lease: image.lease).encode(image, as: encoding))
        }
        return BuiltTarget(images)
    }

    /// Adds images to the OCI layout in `directory`, which is made if it is missing. Names move to them; what no name
    /// leads to any more goes.
    package func writeLayout(
        _ target: BuiltTarget, named references: [ImageReference], to directory: FilePath
    ) async throws {
        let layout = try await OCILayout.create(directory)
        try await ImagePusher(store: store, library: library, destination: layout)
            .sendParts(of: target, to: .ofLayouts) { _ in }
        try await layout.put(target.root, tag: nil, in: .ofLayouts)
        for (descriptor, name) in ImageArchive.entries(of: target, named: references) {
            try await layout.list(descriptor, name: name)
        }
        try await layout.removeUnlisted()
    }

    /// Writes images with their layers as one file.
    package func archive(
        _ target: BuiltTarget, named references: [ImageReference], flavour: ImageArchive.Flavour, epoch: Int64,
        to file: SharedDescriptor
    ) async throws {
        try keepIndex(of: target)
        try await ImageArchive(store: store, library: library)
            .write(target, named: references, flavour: flavour, epoch: epoch, to: file)
    }

    /// Writes the files as one tar, those of each platform below `os_architecture` where there are several.
    package func exportTar(_ target: BuiltTarget, to file: SharedDescriptor) async throws {
        for image in target.images { try await fetchLayers(of: image) }
        let parts = target.images.map { (Self.directory(of: $0, in: target), $0.chain) }
        try await FileSystemArchive(store: store, trees: trees).write(parts, to: file)
    }

    /// Writes the files below `directory`, laid out the same way; it is made if it is missing. Files of the same name are replaced,
    /// others stay.
    package func exportDirectory(_ target: BuiltTarget, to directory: FilePath) async throws {
        for image in target.images {
            try await fetchLayers(of: image)
            let part = Self.directory(of: image, in: target).map { directory.appending($0) } ?? directory
            try await DirectoryExport(store: store, trees: trees).write(image.chain, to: part)
        }
    }

    private static func directory(of image: BuiltImage, in target: BuiltTarget) -> String? {
        guard target.images.count > 1 else { return nil }
        return image.platform.description.split(separator: "/").joined(separator: "_")
    }

    func fetchLayers(of image: BuiltImage) async throws {
        try await library.fetch(image.chain, origins: LayerOrigins(of: image), report: { _ in })
    }
}
