import Archive
import Build
import Dockerfile
import Engine
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// Whole builds that run no command.
@Suite(.timeLimit(.minutes(2)))
struct CopyTests {
    @Test func copiesOutOfAnImageKeepOwnersModesTimesAndCapabilities() async throws {
        let shop = try await Workshop(hasBase: false)
        let content = Array("ping".utf8)
        var layer: [UInt8] = []
        try TarHeader.append(
            TarEntry(
                path: EntryPath("ping")!, kind: .file(size: 4, offset: 0, segments: nil), mode: 0o4751, uid: 3, gid: 4,
                modified: Timestamp(seconds: 1000),
                attributes: [
                    ExtendedAttribute(
                        name: Array("security.capability".utf8), value: [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16))
                ]), to: &layer)
        layer += content + [UInt8](repeating: 0, count: 508) + TarHeader.end
        try shop.addImage("tools", layers: [layer])
        let image = try await shop.build("FROM scratch\nCOPY --from=tools /ping /bin/ping")
        #expect(try await shop.tree(of: image)["bin/ping"] == "file 4751 3:4 \"ping\" security.capability")
        let entry = try #require(try shop.engine.store.layers.entries(of: image.chain.layers[0]).last)
        #expect(entry.modified == Timestamp(seconds: 1000))
    }

    @Test func copyingTwiceIsAsCopyingOnce() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("d/f", "f")
        try shop.link("d/l", to: "f")
        let once = try await shop.build("FROM scratch\nCOPY . /x/")
        let twice = try await shop.build("FROM scratch\nCOPY . /x/\nCOPY . /x/")
        #expect(try await shop.tree(of: once) == shop.tree(of: twice))
    }

    @Test func anImageWithoutLayersIsAnImageAndABase() async throws {
        let shop = try await Workshop(hasBase: false)
        let image = try await shop.build("FROM scratch\nENV a=b\nCMD [\"x\"]")
        #expect(image.chain.layers.isEmpty)
        #expect(try shop.config(of: image).diffIDs.isEmpty)
        try await shop.engine.tag(BuiltTarget([image]), as: ImageReference(parsing: "empty"))
        try shop.write("f", "f")
        let next = try await shop.build("FROM empty\nCOPY f /")
        #expect(try shop.config(of: next).environment.contains("a=b"))
        #expect(try await shop.tree(of: next) == ["f": "file 644 0:0 \"f\""])
    }

    @Test func aStepThatChangesNothingStillHasItsLayer() async throws {
        let shop = try await Workshop(hasBase: false)
        let image = try await shop.build("FROM scratch\nWORKDIR /a\nWORKDIR /a\nCOPY no* /\nWORKDIR /")
        let config = try shop.config(of: image)
        #expect(config.diffIDs.count == 3)
        #expect(config.history.map(\.isEmptyLayer) == [false, false, false, true])
        #expect(try shop.layer(of: image) == [])
    }

    @Test(arguments: [
        ("COPY gone /", "", "`gone` is not in the build context", "did you mean `gene`?"),
        (
            "COPY hidden/x /", "*.log\nhidden\n",
            "`hidden/x` is not in the build context: excluded by .dockerignore line 2 (`hidden`)",
            "add a line `!hidden/x` to .dockerignore"
        ),
        (
            "COPY link/passwd /", "",
            "`link/passwd` is not in the build context: `link` is a symbolic link to `/etc`, which is not there",
            "links are followed inside the build context alone"
        ),
        ("COPY [bad /", "", "`[bad` is a malformed pattern", nil),
    ])
    func aSourceThatIsNotThereFailsTheBuildBeforeItStarts(
        _ instruction: String, _ ignore: String, _ message: String, _ hint: String?
    ) async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("gene", "")
        try shop.write("hidden/x", "")
        try shop.link("link", to: "/etc")
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM scratch\nENV a=b\n\(instruction)", ignore: ignore, log: log)
        }
        guard case .dockerfile(let diagnostics, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(diagnostics.map(\.message) == [message])
        #expect(diagnostics[0].range?.start == SourcePosition(line: 3, column: 6))
        if let hint { #expect(diagnostics[0].hint == hint) }
        #expect(log.started.isEmpty)
    }

    @Test func severalTargetsAreBuiltFromOneGraph() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("f", "f")
        let context = try DirectoryContext(shop.path.appending("context"), ignore: IgnoreFile(""))
        var request = BuildRequest(
            "FROM scratch AS a\nCOPY f /\nFROM a AS b\nWORKDIR /x\nFROM gone AS c", context: context)
        request.targets = ["b", "a"]
        let log = EventLog()
        let images = try await shop.engine.build(request, report: log.receive)
        #expect(images.map(\.target) == ["b", "a"])
        #expect(images.map(\.chain.layers.count) == [2, 1])
        #expect(log.ran == ["COPY f /", "WORKDIR /x"])
    }
}
