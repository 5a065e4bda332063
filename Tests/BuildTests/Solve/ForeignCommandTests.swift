import Build
import Dockerfile
import OCI
import Testing

/// Commands for a CPU that no emulator knows.
struct ForeignCommandTests {
    private static let unknown = Platform(os: "linux", architecture: "nocpu")
    private static let dockerfile = """
        FROM --platform=$BUILDPLATFORM scratch AS native
        RUN compile
        FROM scratch
        COPY --from=native /x /
        RUN foreign
        RUN second
        """

    @Test func firstOneIsRefusedBeforeAnythingRuns() async throws {
        let fixture = SolverFixture()
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await fixture.refuseForeignCommands(
                Self.dockerfile, platforms: [.current, Self.unknown], log: log)
        }
        guard case .step(let failure) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(failure.step.title == "RUN foreign" && failure.step.range.firstLine == 5)
        #expect(failure.message.contains("linux/nocpu") && failure.hint?.contains("caisson doctor") == true)
        #expect(log.started == ["RUN foreign"])
        #expect(await fixture.executor.executed == [])
    }

    @Test func oneWhoseResultIsRecordedNeedsNoEmulator() async throws {
        let fixture = SolverFixture()
        _ = try await fixture.solve(Self.dockerfile, platforms: [Self.unknown])
        try await fixture.refuseForeignCommands(Self.dockerfile, platforms: [Self.unknown])
        // What changed before it may yet lead to the same content.
        let changed = Self.dockerfile.replacing("compile", with: "compile again")
        try await fixture.refuseForeignCommands(changed, platforms: [Self.unknown])
        await #expect(throws: BuildError.self) {
            try await fixture.refuseForeignCommands(Self.dockerfile, platforms: [Self.unknown], usesCache: false)
        }
    }

    @Test func imagesWithoutCommandsOfTheirOwnAreForAnyCPU() async throws {
        let dockerfile = """
            FROM --platform=$BUILDPLATFORM scratch AS native
            RUN compile
            FROM scratch
            COPY --from=native /x /
            """
        try await SolverFixture().refuseForeignCommands(dockerfile, platforms: [.current, Self.unknown])
    }
}
