import Foundation
import OCI
import Registry
import SystemPackage
import TestServers
import Testing

/// What we push others pull, and the other way round.
@Suite(
    .enabled(
        if: RegistryProcess.isInstalled && Tools.areInstalled("skopeo", "tar"),
        "docker-registry or skopeo is not installed"),
    .timeLimit(.minutes(3)))
struct InteropTests {
    private let client = RegistryClient()

    /// A layer that unpacking tools accept.
    private func tar(_ tools: Tools, _ content: String) async throws -> [UInt8] {
        try content.write(toFile: tools.directory + "/file", atomically: true, encoding: .utf8)
        try await tools.run("tar", "-cf", "layer.tar", "--mtime=@0", "--owner=0", "--group=0", "file")
        return [UInt8](try Data(contentsOf: URL(filePath: tools.directory + "/layer.tar")))
    }

    /// An index of two platforms in the layout `directory`, named `1`.
    private func twoPlatforms(_ tools: Tools, in layout: OCILayout, _ reference: ImageReference) async throws -> Digest
    {
        var manifests: [Descriptor] = []
        for architecture in ["amd64", "arm64"] {
            let platform = Platform(os: "linux", architecture: architecture)
            let image = SampleImage(
                layers: [try await tar(tools, "shared"), try await tar(tools, architecture)], platform: platform)
            try await image.push(to: layout, ImageReference(repository: reference.repository))
            var descriptor = image.manifest.descriptor
            descriptor.platform = platform
            manifests.append(descriptor)
        }
        let index = RawManifest(bytes: ImageIndex(manifests: manifests).canonicalBytes, mediaType: .ociIndex)
        try await layout.put(index, tag: reference.tag, in: reference.repository)
        return index.descriptor.digest
    }

    @Test func skopeoCopiesWhatWePushed() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let registry = try await RegistryProcess()
        let reference = try ImageReference(parsing: "\(registry.host)/team/app:1")
        let layout = try await OCILayout.create(FilePath(tools.directory + "/ours"))
        let digest = try await twoPlatforms(tools, in: layout, reference)
        try await ImageCopier(from: layout, to: client).copy(reference, to: reference)

        try await tools.run(
            "skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "docker://\(reference)",
            "oci:theirs:1")
        let theirs = try await OCILayout.open(FilePath(tools.directory + "/theirs"))
        #expect(try await theirs.resolve(reference).digest == digest)
        let inspected = try await tools.run("skopeo", "inspect", "--tls-verify=false", "docker://\(reference)")
        #expect(try JSON(parsing: Array(inspected.utf8))["Digest"]?.stringValue == digest.description)
    }

    @Test(arguments: ["oci", "v2s2"])
    func whatSkopeoPushedIsPulled(format: String) async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let registry = try await RegistryProcess()
        let reference = try ImageReference(parsing: "\(registry.host)/team/app:1")
        let layout = try await OCILayout.create(FilePath(tools.directory + "/source"))
        let layer = try await tar(tools, "content")
        try await SampleImage(layers: [layer]).push(to: layout, reference)
        try await tools.run(
            "skopeo", "copy", "--format", format, "--dest-tls-verify=false", "--dest-compress-format", "gzip",
            "oci:source:1",
            "docker://\(reference)")

        let pulled = try await OCILayout.create(FilePath(tools.directory + "/pulled"))
        let descriptor = try await ImageCopier(from: client, to: pulled).copy(reference, to: reference)
        #expect(descriptor.mediaType == (format == "oci" ? .ociManifest : .dockerManifest))
        let manifest = try ImageManifest(
            parsing: try await pulled.manifest(descriptor, in: reference.repository).bytes,
            servedAs: descriptor.mediaType)
        let config = try ImageConfig(parsing: try await pulled.bytes(of: manifest.config, in: reference.repository))
        #expect(config.diffIDs == [DiffID(.of(layer))] && manifest.layers[0].mediaType.layerCompression != nil)
    }

    @Test func skopeoReadsOurLayout() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let reference = try ImageReference(parsing: "registry.example.org/app:1")
        let layout = try await OCILayout.create(FilePath(tools.directory + "/ours"))
        let digest = try await twoPlatforms(tools, in: layout, reference)
        try await tools.run("skopeo", "copy", "--all", "--preserve-digests", "oci:ours:1", "oci:theirs:2")
        let theirs = try await OCILayout.open(FilePath(tools.directory + "/theirs"))
        #expect(try await theirs.resolve(ImageReference(repository: reference.repository, tag: "2")).digest == digest)
    }

    @Test(.enabled(if: Tools.areInstalled("buildah"), "buildah is not installed"))
    func whatBuildahPushedIsPulled() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let registry = try await RegistryProcess()
        let reference = try ImageReference(parsing: "\(registry.host)/built:1")
        let storage = [
            "--root", tools.directory + "/root", "--runroot", tools.directory + "/run", "--storage-driver", "vfs",
        ]
        try "FROM scratch\nCOPY file /\nCMD [\"/file\"]\n".write(
            toFile: tools.directory + "/Dockerfile", atomically: true, encoding: .utf8)
        try "content".write(toFile: tools.directory + "/file", atomically: true, encoding: .utf8)
        try await tools.run(
            "buildah", storage[0], storage[1], storage[2], storage[3], storage[4], storage[5], "build", "--isolation",
            "chroot",
            "-t", "\(reference)", ".")
        try await tools.run(
            "buildah", storage[0], storage[1], storage[2], storage[3], storage[4], storage[5], "push",
            "--tls-verify=false",
            "\(reference)")
        let memory = MemoryRegistry()
        let descriptor = try await ImageCopier(from: client, to: memory).copy(reference, to: reference)
        let manifest = try ImageManifest(
            parsing: try await memory.manifest(descriptor, in: reference.repository).bytes,
            servedAs: descriptor.mediaType)
        let config = try ImageConfig(parsing: try await memory.bytes(of: manifest.config, in: reference.repository))
        #expect(config.command == ["/file"] && manifest.layers.count == 1)
    }
}
