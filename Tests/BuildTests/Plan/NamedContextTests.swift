import Build
import OCI
import Testing

/// What `--build-context` puts in the place of stages and images.
struct NamedContextTests {
    private func plan(
        _ dockerfile: String, _ contexts: [String: NamedContext], _ images: KnownImages = KnownImages()
    ) async throws -> BuildPlan {
        try await BuildPlan.of(dockerfile, images: images) { $0.namedContexts = NamedContexts(contexts) }
    }

    @Test func contextTakesThePlaceOfTheWholeStage() async throws {
        let plan = try await plan(
            "FROM base AS Deps\nRUN never\nFROM scratch\nCOPY --from=deps /a /b", ["DEPS": .files(EmptyContext())])
        #expect(plan.runs.isEmpty)
        #expect(plan.copies.map(\.origin) == [.context(1), .stage])
        #expect(plan.graph.contexts.count == 2)
    }

    @Test func replacedStagesCountAmongTheNumbers() async throws {
        let plan = try await plan(
            "FROM base AS deps\nFROM scratch AS two\nCOPY <<f /\nf\nFROM scratch\nCOPY --from=0 /a /\nCOPY --from=1 /f /",
            ["deps": .files(EmptyContext())])
        #expect(plan.copies.suffix(2).map(\.origin) == [.stage, .stage])
        #expect(plan.steps.map(\.stage) == ["deps", "two", "2", "2"])
    }

    @Test(arguments: ["app", "app:latest", "docker.io/library/app"])
    func contextTakesThePlaceOfAnImageByItsFullName(_ name: String) async throws {
        let plan = try await plan("FROM scratch\nCOPY --from=app /a /b", [name: .files(EmptyContext())])
        #expect(plan.copies.map(\.origin) == [.context(1)])
    }

    @Test func contextForThePlatformComesBeforeTheGeneralOne() async throws {
        let reference = try ImageReference(parsing: "right")
        let wrong = try ImageReference(parsing: "wrong")
        let images = try KnownImages(["right": .sample()])
        _ = try await plan(
            "FROM app\nRUN make",
            ["app::\(Platform.current)": .image(reference, images), "app": .image(wrong, images)], images)
        #expect(images.resolved == ["right"])
    }

    @Test func imageOfAContextIsAskedOfItsOwnSource() async throws {
        let source = try KnownImages(["other": .sample()])
        let images = KnownImages()
        let plan = try await plan(
            "FROM app\nRUN make", ["app": .image(try ImageReference(parsing: "other"), source)], images)
        #expect(source.resolved == ["other"] && images.resolved.isEmpty)
        #expect(plan.targets[0].base?.reference.description.contains("other") == true)
    }

    @Test func stageReplacedByScratchIsEmpty() async throws {
        let plan = try await plan("FROM base AS b\nRUN never\nFROM b\nCOPY f /", ["b": .scratch])
        #expect(plan.runs.isEmpty && plan.targets[0].base == nil)
    }
}
