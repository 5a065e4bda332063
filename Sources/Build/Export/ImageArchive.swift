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

    /// Writes `target` under the names `references`. The same images and names give the same bytes.
    package func write(
        _ target: BuiltTarget, named references: [ImageReference], flavour: Flavour, epoch: Int64,
        to file: SharedDescriptor
    ) async throws {
        if flavour == .docker, target.images.count > 1 {
            throw BuildError.request(
                "an archive for docker holds one platform, not \(target.images.count); use type=oci or one --platform")
        }
        for layer in target.images.flatMap(\.layers) { try await library.provideBlob(of: layer) }
        try await BlockingThread(label: "archive").run {
            try self.writeFiles(target, references, flavour, epoch, file)
        }
    }

    private func writeFiles(
        _ target: BuiltTarget, _ references: [ImageReference], _ flavour: Flavour, _ epoch: Int64,
        _ file: SharedDescriptor
    ) throws {
        var tar = TarOutput(file)
        try tar.append(directory: "blobs", epoch: epoch)
        try tar.append(directory: "blobs/sha256", epoch: epoch)
        var blobs = target.index.map { [$0.descriptor] } ?? []
        for image in target.images {
            blobs += [image.config, image.manifest.descriptor] + image.layers.map(\.descriptor)
        }
        for descriptor in Set(blobs.map { Descriptor(mediaType: .ociEmpty, digest: $0.digest, size: $0.size) })
            .sorted(by: { $0.digest < $1.digest })
        {
            try append(descriptor, to: &tar, epoch: epoch)
        }
        try tar.append("index.json", index(target, references).canonicalBytes, epoch: epoch)
        if flavour == .docker {
            try tar.append("manifest.json", dockerIndex(target.images[0], references).canonicalBytes, epoch: epoch)
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

    private func index(_ target: BuiltTarget, _ references: [ImageReference]) -> JSON {
        let entries = Self.entries(of: target, named: references).map { descriptor, name in
            var descriptor = descriptor
            descriptor.annotations["org.opencontainers.image.ref.name"] = name
            return descriptor
        }
        return ImageIndex(manifests: entries).json
    }

    /// What a layout lists, each entry with its name there.
    package static func entries(
        of target: BuiltTarget, named references: [ImageReference]
    ) -> [(Descriptor, name: String?)] {
        var root = target.root.descriptor
        if target.index == nil { root.platform = target.images[0].platform }
        if references.isEmpty { return [(root, name: nil)] }
        return references.map { reference in
            var descriptor = root
            descriptor.annotations = ["io.containerd.image.name": reference.description]
            return (descriptor, name: reference.tag ?? "latest")
        }
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
