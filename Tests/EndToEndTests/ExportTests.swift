import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// What is built is read by tools of others.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(3)))
struct ExportTests {
    private static let dockerfile = """
        RUN mkdir -p /data/deep && echo hello > /data/greeting && ln -s greeting /data/link \\
            && ln /data/greeting /data/deep/twin && chmod 4750 /data/deep/twin
        COPY --chown=12:34 --chmod=600 note.txt /data/
        RUN rm /data/link && echo changed > /data/changed
        CMD ["/bin/cat", "/data/greeting"]

        """

    /// A built workspace with everything that the image above needs.
    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.context(
            Self.dockerfile.replacingOccurrences(of: "RUN rm", with: "RUN /bin/busybox rm"),
            files: ["note.txt": "a note\n"])
        return workspace
    }

    @Test(.enabled(if: Requirements.isInstalled("skopeo", "umoci", "tar"), "skopeo, umoci or tar is not installed"))
    func pushedImageUnpacksToTheTreeWeExport() async throws {
        let workspace = try workspace()
        let registry = try await RegistryProcess()
        let name = "\(registry.host)/app:1"
        let digest = try await workspace.succeed(
            "build", "-t", name, "--push", "--output", "type=tar,dest=tree.tar", "app"
        ).trimmingCharacters(in: .newlines)

        let inspected = try await workspace.tool("skopeo", "inspect", "--tls-verify=false", "docker://\(name)")
        #expect(try JSON(parsing: Array(inspected.utf8))["Digest"]?.stringValue == digest)
        try await workspace.tool(
            "skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "docker://\(name)",
            "oci:layout:1")
        try await workspace.tool("umoci", "unpack", "--image", "layout:1", "bundle")
        try await workspace.tool("mkdir", "tree")
        try await workspace.tool("tar", "-xpf", "tree.tar", "-C", "tree", "--same-owner", "--xattrs")
        #expect(try await listing("tree", workspace) == listing("bundle/rootfs", workspace))
        try await workspace.tool("diff", "-r", "--no-dereference", "tree", "bundle/rootfs")
    }

    /// Type, mode, owner, size, time and target of everything below a directory; which names are one file.
    private func listing(_ directory: String, _ workspace: Workspace) async throws -> [String] {
        let text = try await workspace.tool(
            "find", directory, "-mindepth", "1", "-printf", "%P %y %m %U:%G %n %l %T@ ", "(", "-type", "d", "-o",
            "-printf", "%s", ")",
            "-printf", "\n")
        return text.split(separator: "\n").map(String.init).sorted()
    }

    @Test(.enabled(if: Requirements.isInstalled("podman"), "podman is not installed"))
    func podmanRunsThePushedImage() async throws {
        let workspace = try workspace()
        let registry = try await RegistryProcess()
        try await workspace.succeed("build", "-t", "\(registry.host)/app:1", "--push", "app")
        #expect(try await workspace.podmanRun("\(registry.host)/app:1") == "hello\n")
    }

    @Test(.enabled(if: Requirements.isInstalled("podman", "skopeo"), "podman or skopeo is not installed"))
    func archivesOfBothKindsAreReadByOthers() async throws {
        let workspace = try workspace()
        let digest = try await workspace.succeed(
            "build", "-t", "example.org/app:1", "--output", "type=oci,dest=oci.tar",
            "--output", "type=docker,dest=docker.tar", "app"
        ).trimmingCharacters(in: .newlines)
        let oci = try await workspace.tool("skopeo", "inspect", "oci-archive:oci.tar")
        #expect(try JSON(parsing: Array(oci.utf8))["Digest"]?.stringValue == digest)
        let docker = try JSON(
            parsing: Array(try await workspace.tool("skopeo", "inspect", "--config", "docker-archive:docker.tar").utf8))
        let config = try JSON(
            parsing: Array(try await workspace.succeed("image", "inspect", "--json", "example.org/app:1").utf8))
        #expect(docker["rootfs"]?["diff_ids"] == config["config"]?["rootfs"]?["diff_ids"] && docker["rootfs"] != nil)
        #expect(try await workspace.podman("load", "-i", "docker.tar").contains("example.org/app:1"))
        #expect(try await workspace.podmanRun("example.org/app:1") == "hello\n")
    }

    /// The types of an image's layers in an archive, and the name that finds it there.
    private func layerTypes(_ place: String, _ workspace: Workspace) async throws -> [String] {
        let raw = try await workspace.tool("skopeo", "inspect", "--raw", place)
        return try ImageManifest(parsing: Array(raw.utf8)).layers.map {
            String($0.mediaType.rawValue.trimmingPrefix("application/vnd.oci.image.layer.v1."))
        }
    }

    @Test(
        .enabled(if: Requirements.isInstalled("skopeo"), "skopeo is not installed"),
        arguments: [
            ("type=oci,dest=out,compression=zstd", "oci-archive:out:1", ["tar+gzip", "tar+zstd"]),
            ("type=oci,dest=out,compression=zstd,level=19,force-compression", "", []),
            (
                "type=oci,dest=out,compression=zstd,level=19,force-compression=true", "oci-archive:out:1",
                ["tar+zstd", "tar+zstd"]
            ),
            ("type=oci,dest=out,compression=uncompressed", "oci-archive:out:1", ["tar+gzip", "tar"]),
            ("type=oci,dest=out,tar=false,name=other:2,compression=none", "oci:out:2", ["tar+gzip", "tar"]),
            ("type=oci,dest=out,compression-level=9,compression=gzip", "oci-archive:out:1", ["tar+gzip", "tar+gzip"]),
        ])
    func layersAreCompressedAsTheOutputSays(output: String, place: String, types: [String]) async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        let base = "\(registry.host)/base:1"
        try workspace.write("base/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
        try await workspace.succeed("build", "-t", base, "--push", "base")
        try workspace.write("app/Dockerfile", "FROM \(base)\nCOPY Dockerfile /app\n")
        if place.isEmpty {
            let refused = try await workspace.caisson("build", "--output", output, "app")
            #expect(refused.code == 2 && refused.errorText.contains("force-compression"), "\(refused.errorText)")
            return
        }
        let digest = try await workspace.succeed("build", "-t", "app:1", "--output", output, "app")
        #expect(try await layerTypes(place, workspace) == types)
        // Names and what is printed stay those of the image in the store.
        #expect(try await workspace.succeed("build", "app") == digest)
    }

    @Test(.enabled(if: Requirements.isInstalled("skopeo"), "skopeo is not installed"))
    func imageOutputsSayWhatNamesStandFor() async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
        let plain = try await workspace.succeed("build", "app")
        let (first, second) = ("\(registry.host)/app:1", "\(registry.host)/app:2")
        let digest = try await workspace.succeed(
            "build", "-t", first, "--output", "type=registry,compression=zstd", "--output",
            "type=image,name=\(second),push=true,compression=none", "--output", "type=image,name=local:1", "app")
        #expect(digest != plain)
        for (name, type) in [(first, "tar+zstd"), (second, "tar")] {
            let raw = try await workspace.tool("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(name)")
            #expect(raw.contains("layer.v1.\(type)\""))
            #expect((Digest.of(Array(raw.utf8)).description + "\n" == digest) == (name == first))
        }
        let listed = try await workspace.succeed("image", "ls")
        #expect(listed.contains("/local:1"))
        // A blob of another level that made room is made again.
        try await workspace.succeed("build", "-t", "app:9", "--output", "type=image,compression=zstd,level=9", "app")
        try await workspace.succeed("cache", "prune", "--all", "--kind", "blob")
        try await workspace.succeed("push", "app:9", "\(registry.host)/app:9")
    }

    @Test func exportedDirectoryAndArchiveHoldTheSameFiles() async throws {
        let workspace = try workspace()
        try await workspace.succeed(
            "build", "--output", "type=local,dest=tree", "--output", "type=tar,dest=tree.tar", "app")
        try await workspace.tool("mkdir", "unpacked")
        try await workspace.tool("tar", "-xpf", "tree.tar", "-C", "unpacked", "--same-owner")
        // A directory belongs to whoever builds.
        try await workspace.tool("chown", "-R", "--no-dereference", "0:0", "unpacked")
        try await workspace.tool("chmod", "4750", "unpacked/data/greeting")
        let directory = try await listing("tree", workspace)
        let archive = try await listing("unpacked", workspace)
        #expect(directory == archive)
        #expect(try workspace.read("tree/data/greeting") == "hello\n")
        #expect(try workspace.read("tree/data/note.txt") == "a note\n")
        #expect(!workspace.exists("tree/data/link"))
    }

    @Test func archiveOnStandardOutputIsAllOfIt() async throws {
        let workspace = try workspace()
        try await workspace.succeed("build", "--output", "type=tar,dest=tree.tar", "app")
        let result = try await workspace.caisson("build", "--output", "-", "app")
        #expect(result.code == 0)
        #expect(try result.output == workspace.bytes("tree.tar"))
    }

    @Test func twoStoresGiveTheSameDigests() async throws {
        let workspace = try workspace()
        let first = try await workspace.succeed("build", "app")
        let second = try await workspace.succeed("build", "--root", workspace.path("elsewhere"), "app")
        #expect(first == second && first.hasPrefix("sha256:"))
    }

    @Test func filesSayWhatWasBuilt() async throws {
        let workspace = try workspace()
        let document = try JSON(
            parsing: Array(
                try await workspace.succeed(
                    "build", "-t", "example.org/app:1", "--json", "--iidfile", workspace.path("id"), "--metadata-file",
                    workspace.path("metadata.json"), "app"
                ).utf8))
        #expect(try document["config"]?.stringValue == workspace.read("id"))
        let metadata = try JSON(parsing: try workspace.bytes("metadata.json"))
        #expect(metadata["containerimage.digest"]?.stringValue == document["digest"]?.stringValue)
        #expect(document["layers"]?.arrayValue?.count == 4 && document["tags"]?.arrayValue?.count == 1)
        let target = try #require(metadata["targets"]?.arrayValue?.first)
        let layers = try #require(target["layers"]?.arrayValue)
        #expect(layers.map { $0["line"]?.integerValue } == [2, 3, 5, 6])
        #expect(layers[2]["instruction"] == "COPY --chown=12:34 --chmod=600 note.txt /data/ # buildkit")
        let steps = try #require(metadata["build"]?["steps"]?.arrayValue)
        #expect(steps.map { $0["digest"] } == layers.map { $0["diffID"] })
        #expect(steps.allSatisfy { ($0["size"]?.integerValue ?? 0) > 1024 && $0["milliseconds"] != nil })
        #expect(metadata["build"]?["cached"] == 0)
        #expect((metadata["epoch"]?.integerValue ?? 0) > 0 && metadata["build"]?["milliseconds"] != nil)
    }
}
