import Build
import OCI
import Testing

/// Images of several platforms, and steps for CPUs this host is not.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(2)))
struct PlatformBuildTests {
    @Test func indexHoldsAnImageForEachPlatform() async throws {
        let shop = try await Workshop()
        try shop.write("f", "text")
        let platforms = try ["linux/amd64", "linux/arm64", "linux/arm/v7"].map(Platform.init(parsing:))
        let images = try await shop.engine.build(
            shop.request("FROM scratch\nCOPY f /\n") { $0.platforms = platforms }, report: { _ in })
        let targets = BuiltTarget.grouped(images)
        #expect(targets.count == 1 && targets[0].images.map(\.platform) == platforms)
        let index = try ImageIndex(parsing: try #require(targets[0].index).bytes)
        #expect(index.manifests.map(\.platform) == platforms)
        #expect(index.manifests.map(\.digest) == images.map(\.digest))
        // One layer serves all of them.
        #expect(Set(images.map(\.chain)).count == 1 && Set(images.map(\.digest)).count == 3)
        for (image, platform) in zip(images, platforms) { #expect(try shop.config(of: image).platform == platform) }
    }

    @Test(.enabled(if: !ForeignPlatform.architectures().contains("s390x"), "this host runs s390x programs"))
    func stepForAnotherCPUIsRefusedWithItsRemedy() async throws {
        let shop = try await Workshop()
        let platform = try Platform(parsing: "linux/s390x")
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM scratch\nRUN [\"/bin/true\"]\n") { $0.platforms = [platform] }
        }
        let text = "\(try #require(error))"
        #expect(text.contains("linux/s390x") && text.contains("emulator"), "\(text)")
    }
}
