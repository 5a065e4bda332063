import Archive
package import Linux
package import OCI
package import Storage

/// Images as one file: an OCI layout in a tar, which docker and podman load too when it carries Docker's own index.
package struct ImageArchive: Sendable {
    package enum Flavour: String, Sendable {
        case oci
        case docker
    }

    private let store: Store
    private let library: ImageLibrary

    package init(store: Store, library: ImageLibrary) {
        self.store = store
        self.library = library
    }

    /// Writes `image` under the names `references`. The same image and names give the same bytes.
    package func write(
        _ image: BuiltImage, named references: [ImageReference], flavour: Flavour, epoch: Int64,
        to file: SharedDescriptor
    ) async throws {
        for layer in image.layers {
            if let origin = layer.origin { try await library.fetchBlob(layer.descriptor, from: origin) }
        }
        try await BlockingThread(label: "archive").run {
            try self.writeFiles(image, references, flavour, epoch, file)
        }
    }

    private func writeFiles(
        _ image: BuiltImage, _ references: [ImageReference], _ flavour: Flavour, _ epoch: Int64,
        _ file: SharedDescriptor
    ) throws {
        var tar = TarOutput(file)
        try tar.append(directory: "blobs", epoch: epoch)
        try tar.append(directory: "blobs/sha256", epoch: epoch)
        let blobs = [image.config, image.manifest.descriptor] + image.layers.map(\.descriptor)
        for descriptor in Set(blobs.map { Descriptor(mediaType: .ociEmpty, digest: $0.digest, size: $0.size) })
            .sorted(by: { $0.digest < $1.digest })
        {
            try append(descriptor, to: &tar, epoch: epoch)
        }
        try tar.append("index.json", index(image, references).canonicalBytes, epoch: epoch)
        if flavour == .docker {
            try tar.append("manifest.json", dockerIndex(image, references).canonicalBytes, epoch: epoch)
        }
        try tar.append("oci-layout", (["imageLayoutVersion": "1.0.0"] as JSON).canonicalBytes, epoch: epoch)
        try tar.finish()
    }

    private func append(_ descriptor: Descriptor, to tar: inout TarOutput, epoch: Int64) throws {
        let blob = SharedDescriptor(try OwnedDescriptor.open(store.blobs.path(of: descriptor.digest)))
        let entry = TarEntry(
            path: EntryPath(unchecked: Array("blobs/sha256/\(descriptor.digest.hex)".utf8)),
            kind: .file(size: descriptor.size, offset: 0, segments: nil), mode: 0o644,
            modified: Timestamp(seconds: epoch))
        try tar.append(entry) { receive in
            var offset: Int64 = 0
            while offset < descriptor.size {
                let chunk = try blob.read(count: Int(min(1 << 20, descriptor.size - offset)), at: offset)
                try receive(chunk)
                offset += Int64(chunk.count)
            }
        }
    }

    private func index(_ image: BuiltImage, _ references: [ImageReference]) -> JSON {
        var manifests: [Descriptor] = references.map { reference in
            var descriptor = image.manifest.descriptor
            descriptor.platform = image.platform
            descriptor.annotations = [
                "io.containerd.image.name": reference.description,
                "org.opencontainers.image.ref.name": reference.tag ?? "latest",
            ]
            return descriptor
        }
        if manifests.isEmpty {
            var descriptor = image.manifest.descriptor
            descriptor.platform = image.platform
            manifests = [descriptor]
        }
        return ImageIndex(manifests: manifests).json
    }

    private func dockerIndex(_ image: BuiltImage, _ references: [ImageReference]) -> JSON {
        [
            [
                "Config": .string("blobs/sha256/\(image.config.digest.hex)"),
                "Layers": .array(image.layers.map { .string("blobs/sha256/\($0.descriptor.digest.hex)") }),
                "RepoTags": .array(references.map { .string($0.description) }),
            ]
        ]
    }
}
