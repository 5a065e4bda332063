import Archive
import Build
import Engine
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// What of a mount makes a RUN run again.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct MountKeyTests {
    @Test func ofAStageOnlyWhatIsMountedCounts() async throws {
        let shop = try await Workshop()
        let dockerfile = """
            FROM base AS tools
            COPY tools /in
            RUN mkdir -p /out/tool && cat /in/tool > /out/tool/t && cat /in/notes > /out/notes
            FROM base
            RUN --mount=from=tools,source=/out/tool,target=/t cat /t/t > /one
            RUN --mount=from=tools,source=/out/tool/t,target=/t cat /t > /two
            RUN --mount=from=tools,target=/t cat /t/out/notes > /three
            """
        func ran(_ tool: String, _ notes: String) async throws -> [String] {
            try shop.write("tools/tool", tool)
            try shop.write("tools/notes", notes)
            let log = EventLog()
            try await shop.build(dockerfile, log: log)
            return log.ran.compactMap { $0.split(separator: "/").last.map(String.init) }
        }
        #expect(try await ran("a", "x").suffix(3) == ["one", "two", "three"])
        #expect(try await ran("a", "x") == [])
        #expect(try await ran("a", "y") == ["in", "notes", "three"])
        #expect(try await ran("b", "y").suffix(3) == ["one", "two", "three"])
        #expect(try await ran("b", "x").suffix(1) == ["three"])
    }

    @Test func ofTheContextOnlyWhatIsMountedCounts() async throws {
        let shop = try await Workshop()
        try shop.write("src/a", "a")
        try shop.write("src/ignored", "1")
        try shop.write("other", "1")
        func isCached() async throws -> Bool {
            let log = EventLog()
            try await shop.build(
                "FROM base\nRUN --mount=source=src,target=/m cat /m/a > /out", ignore: "src/ignored\n", log: log)
            return log.ran.isEmpty
        }
        #expect(try await !isCached())
        try shop.write("other", "2")
        try shop.write("src/ignored", "2")
        try shop.write("src/a", "a", mode: 0o600)
        #expect(try await isCached())
        try shop.write("src/a", "a", mode: 0o755)
        #expect(try await !isCached())
        try shop.write("src/b", "b")
        #expect(try await !isCached())
        try shop.write("src/a", "changed", mode: 0o755)
        #expect(try await !isCached())
        #expect(try await isCached())
    }

    /// Two spellings of a mount and whether the second runs again.
    static let pairs: [(String, String, Bool)] = [
        ("target=/m,source=d", "target=/m,src=./d/", false),
        ("target=/m,source=d", "target=/m,src=e", false),
        ("target=/m,source=d", "target=/m,source=f", true),
        ("target=/m,source=d", "target=/n,source=d", true),
        ("target=/m,source=d", "target=/m,source=d,rw", true),
        ("type=cache,target=/m", "type=cache,target=/m,id=b", true),
        ("type=cache,target=/m", "type=cache,target=/m,id=/m", false),
        ("type=cache,target=/m", "type=cache,target=/m,sharing=locked", false),
        ("type=cache,target=/m", "type=cache,target=/m,ro", true),
        ("type=cache,target=/m", "type=cache,target=/m,mode=0755", true),
        ("type=cache,target=/m", "type=cache,target=/m,from=base,source=/etc", true),
        ("type=tmpfs,target=/m", "type=tmpfs,target=/m,size=1m", true),
        ("type=secret,id=a", "type=secret,source=a", false),
        ("type=secret,id=a", "type=secret,id=a,env=A", true),
        ("type=secret,id=a", "type=secret,id=a,mode=0444", true),
        ("type=secret,id=a", "type=secret,id=a,target=/a", true),
        ("type=ssh", "type=ssh,id=default", false),
        ("type=ssh", "type=ssh,id=other", true),
        ("type=ssh", "type=ssh,uid=5", true),
    ]

    @Test(arguments: pairs)
    func whatACommandCanSeeOfAMountCounts(_ first: String, _ second: String, _ runs: Bool) async throws {
        let shop = try await Workshop()
        try shop.write("d/x", "x")
        try shop.write("e/x", "x")
        try shop.write("f/x", "y")
        _ = try await shop.build("FROM base\nRUN --mount=\(first) true")
        let log = EventLog()
        _ = try await shop.build("FROM base\nRUN --mount=\(second) true", log: log)
        #expect(log.ran.isEmpty == !runs)
    }

    @Test func whatACacheHoldsDoesNotCount() async throws {
        let shop = try await Workshop()
        let dockerfile = "FROM base\nRUN --mount=type=cache,target=/c ls /c > /out"
        _ = try await shop.build(dockerfile)
        _ = try await shop.build("FROM base\nRUN --mount=type=cache,target=/c touch /c/new")
        let log = EventLog()
        _ = try await shop.build(dockerfile, log: log)
        #expect(log.ran.isEmpty)
    }

    @Test func proxiesReachTheCommandAndDoNotCount() async throws {
        let shop = try await Workshop()
        let dockerfile = "FROM base\nRUN echo $HTTP_PROXY $http_proxy $no_proxy > /out"
        let image = try await shop.build(dockerfile) {
            $0.buildArguments = ["HTTP_PROXY": "http://127.0.0.1:3128", "no_proxy": "example.org"]
        }
        #expect(
            try await shop.tree(of: image)["out"]
                == "file 644 0:0 \"http://127.0.0.1:3128 http://127.0.0.1:3128 example.org\n\"")
        #expect(!String(decoding: image.configBytes, as: UTF8.self).contains("3128"))
        let log = EventLog()
        _ = try await shop.build(dockerfile, log: log) { $0.buildArguments = ["HTTP_PROXY": "http://127.0.0.1:1"] }
        #expect(log.ran.isEmpty)
    }

    @Test func equalFilesAreMountedFromOneLayer() async throws {
        let shop = try await Workshop()
        try shop.write("src/a", "a")
        let run = "RUN --mount=source=src,target=/m"
        _ = try await shop.build(
            "FROM base\n\(run) cat /m/a > /one\n\(run) cat /m/a > /two\n\(run),rw cat /m/a > /three")
        let layers = shop.engine.store.layers
        let mounted = try layers.all().filter {
            try layers.entries(of: $0).contains { $0.path.description == "files/a" }
        }
        #expect(mounted.count == 1)
    }
}
