package import Build
package import Linux
package import OCI
package import SystemPackage

extension Engine {
    /// Writes an image with its layers as one file.
    package func archive(
        _ image: BuiltImage, named references: [ImageReference], flavour: ImageArchive.Flavour, epoch: Int64,
        to file: SharedDescriptor
    ) async throws {
        try await ImageArchive(store: store, library: library)
            .write(image, named: references, flavour: flavour, epoch: epoch, to: file)
    }

    /// Writes the image's files as one tar.
    package func exportTar(_ image: BuiltImage, to file: SharedDescriptor) async throws {
        try await fetchLayers(of: image)
        try await FileSystemArchive(store: store, trees: trees).write(image.chain, to: file)
    }

    /// Writes the image's files below `directory`, which is made if it is missing. Files of the same name are replaced,
    /// others stay.
    package func exportDirectory(_ image: BuiltImage, to directory: FilePath) async throws {
        try await fetchLayers(of: image)
        try await DirectoryExport(store: store, trees: trees).write(image.chain, to: directory)
    }

    private func fetchLayers(of image: BuiltImage) async throws {
        try await library.fetch(image.chain, origins: LayerOrigins(of: image), report: { _ in })
    }
}
