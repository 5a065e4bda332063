import Build
import Engine
import Foundation
import OCI
import SystemPackage
import Testing

/// What runs again, and that whatever runs gives the same image.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct CacheTests {
    static let dockerfile = """
        FROM base AS build
        WORKDIR /src
        COPY src .
        RUN cat a b > /out && date=$(stat -c %Y a) && echo $date >> /out
        FROM base AS test
        COPY --from=build /out /out
        RUN test -s /out && echo tested
        FROM base
        COPY --from=build --chown=app /out /app/
        COPY readme /
        ENTRYPOINT ["/bin/cat", "/app/out"]
        """

    private func shop() async throws -> Workshop {
        let shop = try await Workshop()
        try shop.write("src/a", "a")
        try shop.write("src/b", "b", mode: 0o755)
        try shop.write("readme", "read me")
        return shop
    }

    @Test func twoEmptyStoresGiveOneDigest() async throws {
        let first = try await shop()
        let second = try await shop()
        let one = try await first.build(Self.dockerfile)
        let two = try await second.build(Self.dockerfile)
        #expect(one.manifest.descriptor.digest == two.manifest.descriptor.digest)
        #expect(one.manifest.bytes == two.manifest.bytes)
        #expect(one.configBytes == two.configBytes)
    }

    @Test func warmAndColdBuildsGiveOneDigestAndWarmOnesRunNothing() async throws {
        let shop = try await shop()
        let cold = try await shop.build(Self.dockerfile)
        let log = EventLog()
        let warm = try await shop.build(Self.dockerfile, log: log)
        let again = try await shop.build(Self.dockerfile) { $0.usesCache = false }
        #expect(warm.manifest.bytes == cold.manifest.bytes)
        #expect(again.manifest.bytes == cold.manifest.bytes)
        #expect(log.ran.isEmpty)
        #expect(
            log.outcomes == [
                "cached WORKDIR /src", "cached COPY src .",
                "cached RUN cat a b > /out && date=$(stat -c %Y a) && echo $date >> /out",
                "cached COPY --from=build --chown=app /out /app/", "cached COPY readme /",
            ])
    }

    @Test func aChangedFileRunsAgainOnlyWhatNeedsIt() async throws {
        let shop = try await shop()
        try await shop.build(Self.dockerfile)
        try shop.write("readme", "changed")
        let log = EventLog()
        try await shop.build(Self.dockerfile, log: log)
        #expect(log.ran == ["COPY readme /"])
        try shop.write("src/a", "A")
        let second = EventLog()
        try await shop.build(Self.dockerfile, log: second)
        #expect(second.ran.count == 4)
    }

    @Test func timesModesAndPlacesOfAContextDoNotMatter() async throws {
        let shop = try await shop()
        let first = try await shop.build(Self.dockerfile)
        // Another clone: later, with a narrower umask, somewhere else.
        try shop.write("src/a", "a", mode: 0o600, in: "clone")
        try shop.write("src/b", "b", mode: 0o700, in: "clone")
        try shop.write("readme", "read me", mode: 0o640, in: "clone")
        try shop.write(".git/HEAD", "ref", in: "clone")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)],
            ofItemAtPath: shop.path.appending("clone/readme").string)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o700], ofItemAtPath: shop.path.appending("clone/src").string)
        let log = EventLog()
        let second = try await shop.build(Self.dockerfile, context: "clone", log: log)
        #expect(log.ran.isEmpty)
        #expect(second.manifest.bytes == first.manifest.bytes)
        let fresh = try await self.shop()
        for name in ["src/a", "src/b", "readme"] {
            try FileManager.default.removeItem(atPath: fresh.path.appending("context/\(name)").string)
        }
        try fresh.write("src/a", "a", mode: 0o600)
        try fresh.write("src/b", "b", mode: 0o711)
        try fresh.write("readme", "read me", mode: 0o400)
        #expect(try await fresh.build(Self.dockerfile).manifest.bytes == first.manifest.bytes)
    }

    @Test func ignoredFilesAndTheCommitsTimeChangeNoKey() async throws {
        let shop = try await shop()
        try await shop.build(Self.dockerfile + "\nCOPY . /all/", ignore: "*.log")
        try shop.write("x.log", "noise")
        let log = EventLog()
        let image = try await shop.build(
            Self.dockerfile + "\nCOPY . /all/", ignore: "*.log", created: Workshop.created + 100, log: log)
        #expect(log.ran.isEmpty)
        #expect(try shop.config(of: image).created == RFC3339.text(Workshop.created + 100))
    }

    @Test func buildsAtTheSameTimeShareTheirSteps() async throws {
        let shop = try await shop()
        let logs = (0..<4).map { _ in EventLog() }
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for log in logs {
                group.addTask {
                    try await shop.build("FROM base\nRUN echo $((1+1)); head -c 8 /dev/urandom > /random", log: log)
                        .manifest.descriptor.digest
                }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        // What the command gives is random: one digest means that it ran once.
        #expect(digests.count == 1)
        #expect(logs.allSatisfy { $0.outcomes.count == 1 })
    }

    @Test func anotherEngineOnTheSameStoreFindsTheRecords() async throws {
        let shop = try await shop()
        let first = try await shop.build(Self.dockerfile)
        let other = try await Workshop(store: shop.path.appending("store"), hasBase: false)
        for name in ["src/a", "src/b", "readme"] {
            try other.write(
                name,
                String(
                    decoding: FileManager.default.contents(atPath: shop.path.appending("context/\(name)").string)!,
                    as: UTF8.self), mode: name == "src/b" ? 0o755 : 0o644)
        }
        let log = EventLog()
        let second = try await other.build(Self.dockerfile, log: log)
        #expect(log.ran.isEmpty)
        #expect(second.manifest.bytes == first.manifest.bytes)
    }

    @Test func damagedRecordsAreMissesAndAreWrittenAnew() async throws {
        let shop = try await shop()
        let first = try await shop.build(Self.dockerfile)
        let cache = shop.path.appending("store/cache").string
        for name in try FileManager.default.subpathsOfDirectory(atPath: cache) {
            let path = "\(cache)/\(name)"
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
                continue
            }
            try Data("{\"layers\":[\"sha256:".utf8).write(to: URL(fileURLWithPath: path))
        }
        let second = try await shop.build(Self.dockerfile)
        #expect(second.manifest.bytes == first.manifest.bytes)
        let log = EventLog()
        try await shop.build(Self.dockerfile, log: log)
        #expect(log.ran.isEmpty)
    }
}
