import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// Caches that go from store to store.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(3)))
struct CacheTransferTests {
    private static let dockerfile = """
        RUN seq 1 3000 > /large
        FROM scratch
        COPY --from=0 /large /large

        """

    private func build(_ workspace: Workspace, _ store: String, _ arguments: String...) async throws -> Command.Result {
        let result = try await workspace.command(
            ["build", "--progress", "plain", "--root", workspace.path(store)] + arguments + ["app"]
        ).run()
        try #require(result.code == 0, "\(result.errorText)")
        return result
    }

    private func ran(_ result: Command.Result) -> Int {
        result.errorText.split(separator: "\n").count { $0.contains(" DONE ") }
    }

    private func layers(_ workspace: Workspace, _ store: String) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: workspace.path("\(store)/layers"))) ?? [])
            .count { $0.hasSuffix(".tar") }
    }

    @Test func emptyStoreFindsEverythingAndFetchesOnlyWhatItNeeds() async throws {
        let registry = try await RegistryProcess()
        let workspace = try Workspace()
        try workspace.context(Self.dockerfile)
        let cache = "type=registry,ref=\(registry.host)/cache:1"
        let first = try await build(workspace, "first", "--cache-to", cache + ",mode=max")
        #expect(ran(first) == 3)
        let second = try await build(workspace, "second", "--cache-from", cache)
        #expect(ran(second) == 0 && second.outputText == first.outputText, "\(second.errorText)")
        // Nothing is done with the image here: all layers stay where they are, the image's own too.
        #expect(layers(workspace, "second") == 0)
        let pushed = try await build(
            workspace, "second", "--cache-from", cache, "-t", "\(registry.host)/app:1", "--push")
        #expect(pushed.outputText == first.outputText && layers(workspace, "second") == 0, "\(pushed.errorText)")
        try await workspace.tool(
            "skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "docker://\(registry.host)/app:1",
            "oci:\(workspace.path("image")):latest")
        // A name in the store is for all of an image: its one layer, and none of the stage before it.
        let named = try await build(workspace, "second", "--cache-from", cache, "-t", "app:1")
        #expect(named.outputText == first.outputText && layers(workspace, "second") == 1, "\(named.errorText)")
        #expect(try await workspace.succeed("fsck", "--root", workspace.path("second")).contains("0 problems"))

        // A change at the end needs what lies below it, and nothing else runs.
        try workspace.context(Self.dockerfile.replacingOccurrences(of: "RUN seq", with: "RUN echo x > /x\nRUN seq"))
        let third = try await build(workspace, "third", "--cache-from", cache)
        #expect(ran(third) == 2, "\(third.errorText)")
    }

    @Test func minimalCacheHasTheStepsOfTheImage() async throws {
        let registry = try await RegistryProcess()
        let workspace = try Workspace()
        try workspace.context(Self.dockerfile)
        let cache = "type=registry,ref=\(registry.host)/cache:min"
        _ = try await build(workspace, "first", "--cache-to", cache)
        #expect(ran(try await build(workspace, "second", "--cache-from", cache)) == 0)
        let manifest = try await workspace.tool(
            "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/cache:min")
        let json = try JSON(parsing: Array(manifest.utf8))
        #expect(json["layers"]?.arrayValue?.count == 1)
        #expect(json["config"]?["mediaType"]?.stringValue == "application/vnd.caisson.cache.config.v1+json")
        try await workspace.tool(
            "skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "docker://\(registry.host)/cache:min",
            "oci:\(workspace.path("copied")):latest")
        let copied = "type=local,src=\(workspace.path("copied"))"
        #expect(ran(try await build(workspace, "third", "--cache-from", copied)) == 0)
    }

    @Test func explainSaysThatABaseMoved() async throws {
        let registry = try await RegistryProcess()
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM \(registry.host)/base:1\nRUN seq 1 9 > /a\n")
        for text in ["old", "new"] {
            try workspace.context("RUN echo \(text) > /base\n", named: "base")
            try await workspace.succeed(
                "build", "-t", "\(registry.host)/base:1", "--push", "--root", workspace.path("other"), "base")
            try await workspace.succeed("build", "app")
        }
        let text = try await workspace.succeed("explain", "--context", "app")
        #expect(text.contains("ran: base \(registry.host)/base:1 moved from sha256:"), "\(text)")
    }

    /// Images have one digest, whatever their layers came as.
    @Test(arguments: ["compression=zstd", "compression=uncompressed", "compression=gzip,compression-level=9"])
    func cacheOfAnotherCompressionGivesTheSameImage(_ compression: String) async throws {
        let registry = try await RegistryProcess()
        let workspace = try Workspace()
        try workspace.context(Self.dockerfile)
        let cache = "type=registry,ref=\(registry.host)/cache:1"
        let first = try await build(
            workspace, "first", "--cache-to", cache + ",mode=max,image-manifest=true,oci-mediatypes=true," + compression
        )
        let manifest = try await workspace.tool(
            "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/cache:1")
        if compression.hasSuffix("zstd") { #expect(manifest.contains("layer.v1.tar+zstd"), "\(manifest)") }
        let second = try await build(workspace, "second", "--cache-from", cache)
        #expect(ran(second) == 0 && second.outputText == first.outputText, "\(second.errorText)")
        // What came as it is goes on as it is, unless it must not.
        let next = "type=registry,ref=\(registry.host)/cache:2"
        _ = try await build(workspace, "second", "--cache-to", next + ",mode=max,force-compression=true")
        #expect(ran(try await build(workspace, "third", "--cache-from", next)) == 0)
    }

    @Test func severalBuildsLeaveTheirCachesInOneDirectory() async throws {
        let workspace = try Workspace()
        let directory = workspace.path("cache")
        for number in 1...5 { try workspace.context("RUN seq 1 \(number)000 > /a\n", named: "app\(number)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...5 {
                group.addTask {
                    try await workspace.succeed(
                        "build", "--cache-to", "type=local,dest=\(directory),tag=t\(number)", "app\(number)")
                }
            }
            try await group.waitForAll()
        }
        for number in 1...5 {
            let result = try await workspace.command([
                "build", "--progress", "plain", "--root", workspace.path("other\(number)"), "--cache-from",
                "type=local,src=\(directory),tag=t\(number)", "app\(number)",
            ]).run()
            #expect(result.code == 0 && ran(result) == 0, "\(result.errorText)")
        }
    }

    @Test func directoryKeepsNoGarbage() async throws {
        let workspace = try Workspace()
        let directory = workspace.path("cache")
        var counts: [Int] = []
        for round in 0..<3 {
            try workspace.context("RUN seq 1 \(round)000 > /a\n")
            _ = try await build(workspace, "first", "--cache-to", "type=local,dest=\(directory),mode=max")
            counts.append(try FileManager.default.contentsOfDirectory(atPath: directory + "/blobs/sha256").count)
        }
        #expect(Set(counts).count == 1, "\(counts)")
        #expect(ran(try await build(workspace, "second", "--cache-from", "type=local,src=\(directory)")) == 0)
    }

    @Test func whatCannotBeReachedIsAWarningAndWhatCannotBeWrittenAFailure() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 9 > /a\n")
        let nowhere = "type=registry,ref=127.0.0.1:1/cache:1"
        let result = try await build(
            workspace, "store", "--cache-from", nowhere, "--cache-to", nowhere + ",ignore-error=true")
        #expect(result.errorText.contains("cannot import the cache") && result.errorText.contains("cannot export"))
        let failed = try await workspace.caisson("build", "--cache-to", nowhere, "app")
        #expect(failed.code == 3 && failed.errorText.contains("cannot export the cache"), "\(failed.errorText)")
        for wrong in [
            "type=s3", "type=registry", "type=local,dest=x,mode=some", "type=local,dest=x,what=1",
            "type=local,dest=x,compression=lz4", "type=local,dest=x,compression-level=77",
            "type=local,dest=x,oci-mediatypes=false",
        ] {
            #expect(try await workspace.caisson("build", "--cache-to", wrong, "app").code == 2)
        }
    }

    enum Loss: CaseIterable {
        case changed, cutOff, gone
    }

    /// A layer that is not what the cache says is not taken; its step runs instead, and what stands on it is found again.
    @Test(arguments: Loss.allCases)
    func stepsWhoseLayersAreLostRunAgain(_ loss: Loss) async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 3000 > /a\nRUN cat /a > /b\n")
        let directory = workspace.path("cache")
        let cache = "type=local,src=\(directory)"
        let first = try await build(workspace, "first", "--cache-to", "type=local,dest=\(directory),mode=max")
        let blobs = directory + "/blobs/sha256"
        for name in try FileManager.default.contentsOfDirectory(atPath: blobs) {
            var bytes = try workspace.bytes("cache/blobs/sha256/\(name)")
            guard bytes.starts(with: [0x1f, 0x8b]) else { continue }
            switch loss {
            case .changed: bytes[bytes.count / 2] ^= 1
            case .cutOff: bytes.removeLast(10)
            case .gone:
                try FileManager.default.removeItem(atPath: "\(blobs)/\(name)")
                continue
            }
            try workspace.write("cache/blobs/sha256/\(name)", bytes)
        }
        let result = try await build(workspace, "second", "--cache-from", cache)
        #expect(result.outputText == first.outputText)
        #expect(result.errorText.contains("so its step runs"), "\(result.errorText)")
        #expect(try await workspace.succeed("fsck", "--root", workspace.path("second")).contains("0 problems"))
        // Where the layers are here, nothing is asked of the cache.
        let third = try await build(workspace, "second", "--cache-from", cache)
        #expect(ran(third) == 0 && !third.errorText.contains("so its step runs"), "\(third.errorText)")
    }

    @Test func registryThatIsGoneCostsItsLayersAndNotTheBuild() async throws {
        let registry = try await RegistryProcess()
        let workspace = try Workspace()
        try workspace.context(Self.dockerfile)
        let cache = "type=registry,ref=\(registry.host)/cache:1"
        let first = try await build(workspace, "first", "--cache-to", cache + ",mode=max")
        // Blobs are deleted, names stay.
        let blobs = registry.directory.appending("storage/docker/registry/v2/blobs/sha256").string
        for directory in try FileManager.default.subpathsOfDirectory(atPath: blobs) where directory.hasSuffix("/data") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(blobs)/\(directory)"))
            if bytes.starts(with: [0x1f, 0x8b]) { try FileManager.default.removeItem(atPath: "\(blobs)/\(directory)") }
        }
        let second = try await build(workspace, "second", "--cache-from", cache)
        #expect(second.outputText == first.outputText)
        #expect(second.errorText.contains("so its step runs"), "\(second.errorText)")
    }
}
