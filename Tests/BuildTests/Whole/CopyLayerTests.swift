import Archive
import Build
import Dockerfile
import Engine
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// The layers that copies make, and when they are made again.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct CopyLayerTests {
    @Test func linkedCopiesAreOneLayerWhateverTheBaseAndAreMadeOnce() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f", mode: 0o755)
        let copy = "COPY --link --chown=5:6 f /usr/bin/"
        let scratch = try await shop.build("FROM scratch\n" + copy)
        let log = EventLog()
        let based = try await shop.build("FROM base\nRUN mkdir -p /usr/bin && chmod 700 /usr\n" + copy, log: log)
        #expect(scratch.chain.layers.last == based.chain.layers.last)
        #expect(log.outcomes.contains("cached \(copy)"))
        #expect(based.chain.layers.count == scratch.chain.layers.count + (try shop.config(of: based).history.count) - 1)
        // A base that changes leaves the copy alone.
        let second = EventLog()
        let changed = try await shop.build("FROM base\nRUN mkdir -p /usr/bin\n" + copy, log: second)
        #expect(second.ran == ["RUN mkdir -p /usr/bin"])
        #expect(changed.chain.layers.last == scratch.chain.layers.last)
        let cold = try await shop.build("FROM base\nRUN mkdir -p /usr/bin\n" + copy) { $0.usesCache = false }
        #expect(cold.manifest.bytes == changed.manifest.bytes)
    }

    @Test func linkedCopiesOfAStageDoNotDependOnTheBaseEither() async throws {
        let shop = try await Workshop()
        let build = "FROM base AS make\nRUN mkdir /o && echo 1 > /o/a && ln /o/a /o/b && touch -d @1000 /o/a\n"
        let one = try await shop.build(build + "FROM scratch\nCOPY --link --from=make /o /out/")
        let two = try await shop.build(build + "FROM base\nCOPY --link --from=make /o /out/")
        #expect(one.chain.layers.last == two.chain.layers.last)
        let entries = try shop.engine.store.layers.entries(of: try #require(one.chain.layers.last))
        #expect(entries.map(\.path.description) == ["out", "out/a", "out/b"])
        #expect(entries[1].modified == Timestamp(seconds: 1000))
    }

    @Test func stepsOnALinkedCopyAreCachedAndReported() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let dockerfile = "FROM base\nRUN true\nCOPY --link f /f\nRUN cat /f > /g"
        let first = try await shop.build(dockerfile)
        #expect(try await shop.tree(of: first)["g"] == "file 644 0:0 \"f\"")
        let log = EventLog()
        let second = try await shop.build(dockerfile, log: log)
        #expect(log.outcomes == ["cached RUN true", "cached COPY --link f /f", "cached RUN cat /f > /g"])
        #expect(second.manifest.bytes == first.manifest.bytes)
    }

    @Test func aCopyIntoADirectoryLeavesItsTimeAndThatOfItsParents() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let image = try await shop.build(
            "FROM base\nRUN mkdir -p /d/sub && touch -d @1000 /d/sub && touch -d @2000 /d\nCOPY f /d/sub/")
        let entries = try shop.engine.store.layers.entries(of: try #require(image.chain.layers.last))
        #expect(entries.map(\.path.description) == ["d", "d/sub", "d/sub/f"])
        #expect(entries[0].modified == Timestamp(seconds: 2000))
        #expect(entries[1].modified == Timestamp(seconds: 1000))
    }

    @Test func aLayerNamesADirectoryThatAloneHasChanged() async throws {
        let shop = try await Workshop()
        let image = try await shop.build("FROM base\nRUN mkdir /d && touch /d/f\nRUN chown 7:8 /d && chmod 2770 /d")
        #expect(try shop.layer(of: image) == ["d directory 2770 7:8"])
    }

    @Test func renamingAFileRunsTheCopyAgainAndTouchingItDoesNot() async throws {
        let shop = try await Workshop()
        try shop.write("a.go", "package a")
        let dockerfile = "FROM base\nCOPY *.go /x/"
        try await shop.build(dockerfile)
        try shop.write("unrelated", "x")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 99)],
            ofItemAtPath: shop.path.appending("context/a.go").string)
        let touched = EventLog()
        try await shop.build(dockerfile, log: touched)
        #expect(touched.ran.isEmpty)
        try FileManager.default.moveItem(
            atPath: shop.path.appending("context/a.go").string, toPath: shop.path.appending("context/b.go").string)
        let renamed = EventLog()
        try await shop.build(dockerfile, log: renamed)
        #expect(renamed.ran == ["COPY *.go /x/"])
    }

    @Test func chmodTakesTheModeOfTheSourceOutOfTheKey() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f", mode: 0o644)
        let dockerfile = "FROM base\nCOPY --chmod=640 f /octal\nCOPY --chmod=a=rx f /symbols\nCOPY f /plain"
        try await shop.build(dockerfile)
        try shop.write("f", "f", mode: 0o755)
        let log = EventLog()
        try await shop.build(dockerfile, log: log)
        #expect(log.ran == ["COPY f /plain"])
    }

    @Test func aHereDocumentIsInTheKey() async throws {
        let shop = try await Workshop()
        func build(_ body: String, _ log: EventLog = EventLog()) async throws {
            try await shop.build("FROM base\nCOPY <<EOF /x\n\(body)\nEOF\nRUN <<EOF\necho \(body)\nEOF", log: log)
        }
        try await build("one")
        let same = EventLog()
        try await build("one", same)
        #expect(same.ran.isEmpty)
        let other = EventLog()
        try await build("two", other)
        #expect(other.ran.count == 2)
    }

    @Test func patternsOfAStageThatMatchNothingAreWarnedOf() async throws {
        let shop = try await Workshop()
        let log = EventLog()
        try await shop.build("FROM base AS a\nFROM base\nCOPY --from=a /none* /etc/pass* /x/", log: log)
        #expect(log.warnings == ["3: `/none*` matches nothing in `a`"])
    }

    @Test func aNamedContextIsCalledByItsName() async throws {
        let shop = try await Workshop()
        try shop.write("doc/manual", "m", in: "documents")
        let documents = try DirectoryContext(shop.path.appending("documents"), ignore: IgnoreFile("doc\n"))
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nCOPY --from=papers doc/manual /") {
                $0.namedContexts = NamedContexts(["papers": .files(documents)])
            }
        }
        #expect(
            "\(error!)".contains(
                "`doc/manual` is not in the context `papers`: excluded by .dockerignore line 1 (`doc`)"), "\(error!)")
    }
}
