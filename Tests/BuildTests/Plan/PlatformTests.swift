import Build
import Dockerfile
import OCI
import Testing

/// Graphs for several platforms.
struct PlatformTests {
    private static let amd64 = Platform(os: "linux", architecture: "amd64")
    private static let arm64 = Platform(os: "linux", architecture: "arm64")

    private func plan(_ dockerfile: String, _ images: KnownImages = KnownImages()) async throws -> BuildPlan {
        try await BuildPlan.of(dockerfile, images: images) { $0.platforms = [Self.amd64, Self.arm64] }
    }

    @Test func stagesOfTheBuildPlatformArePlannedOnce() async throws {
        let images = try KnownImages(["base": .sample()])
        let plan = try await plan(
            """
            FROM --platform=$BUILDPLATFORM base AS build
            RUN make
            FROM base
            COPY --from=build /out /
            RUN install
            """, images)
        #expect(plan.targets.map(\.platform) == [Self.amd64, Self.arm64])
        #expect(plan.runs.count { $0.arguments.last == "make" } == 1)
        #expect(plan.runs.filter { $0.arguments.last == "install" }.map(\.platform) == [Self.amd64, Self.arm64])
        #expect(plan.steps.map(\.number) == Array(1...plan.steps.count))
    }

    @Test func stageThatAsksForTheTargetIsPlannedForEach() async throws {
        let images = try KnownImages(["base": .sample()])
        let plan = try await plan(
            """
            FROM --platform=$BUILDPLATFORM base AS build
            ARG TARGETARCH
            RUN make
            FROM scratch
            COPY --from=build /out /
            """, images)
        #expect(plan.runs.map(\.platform) == [.current, .current])
        #expect(
            plan.runs.map { $0.environment.filter { $0.hasPrefix("TARGETARCH") } } == [
                ["TARGETARCH=amd64"], ["TARGETARCH=arm64"],
            ])
        #expect(plan.targets.map { $0.config.platform } == [Self.amd64, Self.arm64])
    }

    @Test func imageIsResolvedForEachPlatformThatNeedsIt() async throws {
        let images = try KnownImages(["base": .sample(), "tools": .sample()])
        _ = try await plan(
            "FROM --platform=linux/amd64 tools AS build\nRUN make\nFROM base\nCOPY --from=build /out /", images)
        #expect(images.resolved == ["base", "base", "tools"])
    }

    @Test func stageKeepsThePlatformOfItsParent() async throws {
        let images = try KnownImages(["base": .sample()])
        let plan = try await BuildPlan.of(
            "FROM --platform=linux/arm64 base AS a\nFROM a\nRUN make", images: images)
        #expect(plan.runs.map(\.platform) == [Self.arm64])
        #expect(plan.targets[0].config.platform == Self.arm64)
    }

    @Test func imageForAnotherPlatformIsAWarningOrAnErrorAsTheFileSays() async throws {
        let images = try KnownImages(["base": .sample(json: #"{"architecture": "arm64"}"#)])
        let found = try await BuildPlan.of("FROM base\nRUN make", images: images) { $0.platforms = [Self.amd64] }
            .warnings
        #expect(found.map(\.message) == ["the base image `base` is for linux/arm64, the stage for linux/amd64"])
        #expect(found.map(\.rule) == ["InvalidBaseImagePlatform"])
        let fine = try await BuildPlan.of("FROM --platform=linux/arm64 base", images: images)
        #expect(fine.warnings.isEmpty)
        // The result is for the platform that was asked for, whatever its base is for.
        let forced = try await BuildPlan.of("FROM --platform=linux/amd64 base", images: images)
        #expect(forced.targets[0].config.platform == Self.amd64)
        await #expect(throws: BuildError.self) {
            try await BuildPlan.of("# check=error=true\nFROM base", images: images) { $0.platforms = [Self.amd64] }
        }
    }

    @Test func stepsSayTheirPlatformOnlyAmongSeveral() async throws {
        let images = try KnownImages(["base": .sample()])
        #expect(try await plan("FROM base\nRUN make", images).steps.map(\.platform) == [Self.amd64, Self.arm64])
        #expect(try await BuildPlan.of("FROM base\nRUN make", images: images).steps.map(\.platform) == [nil])
    }
}
