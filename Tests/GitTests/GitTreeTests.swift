import Foundation
import Git
import SystemPackage
import TestServers
import Testing

@Suite(.timeLimit(.minutes(2)))
struct GitTreeTests {
    let workspace: GitWorkspace

    init() async throws { workspace = try await GitWorkspace() }

    struct Item: Sendable {
        let mode: String
        let name: [UInt8]

        init(_ mode: String, _ name: String) { self.init(mode, Array(name.utf8)) }

        init(_ mode: String, _ name: [UInt8]) {
            self.mode = mode
            self.name = name
        }
    }

    /// A commit whose tree is made of raw bytes, with no check by git.
    private func commit(_ items: [Item], blob: String? = nil) async throws -> CommitID {
        let blob = try await object("blob", Array("content".utf8))
        let empty = try await object("tree", [])
        var bytes: [UInt8] = []
        for item in items {
            let id = item.mode == "40000" || item.mode == "040000" ? empty : blob
            bytes += Array(item.mode.utf8) + [0x20] + item.name + [0] + id.bytes
        }
        return try await commit(tree: try await object("tree", bytes))
    }

    private func object(_ type: String, _ bytes: [UInt8]) async throws -> ObjectID {
        try #require(
            ObjectID(
                try await workspace.git(
                    "hash-object", "-t", type, "-w", "--literally", "--stdin", in: workspace.bare, input: bytes)))
    }

    private func commit(tree: ObjectID) async throws -> CommitID {
        try #require(CommitID(try await workspace.git("commit-tree", "-m", "x", tree.hex, in: workspace.bare)))
    }

    private func tree(_ commit: CommitID, _ limits: GitTree.Limits = GitTree.Limits()) throws -> GitTree {
        try GitRepository(workspace.bare).tree(of: commit, limits: limits)
    }

    @Test(arguments: [
        [Item("100644", "")], [Item("100644", ".")], [Item("100644", "..")], [Item("40000", "..")],
        [Item("100644", "a/b")], [Item("100644", "../x")], [Item("100644", "/etc")],
        [Item("40000", ".git")], [Item("40000", ".GIT")], [Item("40000", ".Git")], [Item("100644", ".git")],
        [Item("40000", ".git ")], [Item("40000", ".git.")], [Item("40000", ".git . .")], [Item("40000", "git~1")],
        [Item("40000", "GIT~1")], [Item("40000", ".git::$INDEX_ALLOCATION")], [Item("40000", ".git:x")],
        [Item("40000", ".g\u{200C}it")], [Item("40000", "\u{FEFF}.git")], [Item("40000", ".git\u{206A}")],
        [Item("40000", "\u{202E}.GIT")], [Item("100644", ".gitmodules\r")], [Item("120000", ".gitmodules")],
        [Item("120000", ".gitattributes")], [Item("120000", ".caisson")],
        [Item("100644", "a"), Item("100644", "a")], [Item("100644", "b"), Item("100644", "a")],
        [Item("100644", "a"), Item("40000", "a")], [Item("100644", "a"), Item("100644", "a-b"), Item("40000", "a")],
        [Item("40000", "a"), Item("100644", "a-")], [Item("777777", "a")], [Item("100600", "a")], [Item("20644", "a")],
        [Item("60644", "a")], [Item("10644", "a")], [Item("0100644", "a")], [Item("10064x", "a")], [Item("", "a")],
    ])
    func treesThatNoGitWouldWriteAreRefused(items: [Item]) async throws {
        let commit = try await commit(items)
        await expectError(.hostileTree) { _ = try tree(commit) }
    }

    @Test(arguments: [
        [Item("100644", ".gitignore"), Item("100644", ".gitmodules")], [Item("40000", ".github")],
        [Item("100644", ".gitx")], [Item("100644", "git~10")], [Item("100644", "git")], [Item("100644", "..a")],
        [Item("100644", "-x")], [Item("100644", "a b\n")], [Item("100644", [0xFF, 0xFE])],
        [Item("120000", ".gitignore")],
        [Item("100644", "a"), Item("100644", "a-b"), Item("40000", "b")], [Item("100644", "a.c"), Item("40000", "a")],
        [Item("100644", "\u{E9}t\u{E9}")], [Item("040000", "a")],
    ])
    func unusualButHonestTreesAreTaken(items: [Item]) async throws {
        let entries = try await tree(commit(items)).entries
        #expect(entries.map(\.path) == items.map(\.name))
    }

    @Test func modesAreNormalised() async throws {
        let commit = try await commit([
            Item("100644", "a"), Item("100664", "b"), Item("100755", "c"), Item("120000", "d"), Item("160000", "e"),
            Item("40000", "f"),
        ])
        let entries = try tree(commit).entries
        #expect(entries.map(\.kind) == [.file, .file, .executable, .symbolicLink, .submodule, .directory])
        #expect(entries.map(\.kind.mode) == [0o644, 0o644, 0o755, 0o777, 0o755, 0o755])
        #expect(entries.map(\.size) == [7, 7, 7, 7, 0, 0])
    }

    @Test func malformedTreesAreRefused() async throws {
        for bytes in [Array("100644 a".utf8), Array("100644 a\u{0}short".utf8), Array("x".utf8), [0, 0, 0]] {
            let commit = try await commit(tree: try await object("tree", bytes))
            await expectError(.hostileTree) { _ = try tree(commit) }
        }
    }

    @Test func filesThatAreTreesAreRefused() async throws {
        let empty = try await object("tree", [])
        let top = try await object("tree", Array("100644 a\u{0}".utf8) + empty.bytes)
        let commit = try await commit(tree: top)
        await expectError(.hostileTree) { _ = try tree(commit) }
        let blob = try await object("blob", [1])
        let other = try await object("tree", Array("40000 a\u{0}".utf8) + blob.bytes)
        let twisted = try await self.commit(tree: other)
        await expectError(.hostileTree) { _ = try tree(twisted) }
    }

    @Test func deepAndWideTreesAreLimited() async throws {
        var id = try await object("tree", [])
        for _ in 0..<40 {
            // Every level holds the one below it twice: 2^40 entries in forty small objects.
            id = try await object(
                "tree", Array("40000 a\u{0}".utf8) + id.bytes + Array("40000 b\u{0}".utf8) + id.bytes)
        }
        let commit = try await commit(tree: id)
        var limits = GitTree.Limits()
        limits.depth = 30
        let message = await expectError(.limitExceeded) { _ = try tree(commit, limits) }
        #expect(message.contains("deeper than 30"))
        limits.depth = 128
        limits.entries = 1000
        await expectError(.limitExceeded) { _ = try tree(commit, limits) }
        limits.entries = 500_000
        limits.pathLength = 20
        await expectError(.limitExceeded) { _ = try tree(commit, limits) }
    }

    @Test func bytesOfATreeAreLimited() async throws {
        let commit = try await commit([Item("100644", "a"), Item("100644", "b")])
        var limits = GitTree.Limits()
        limits.bytes = 13
        await expectError(.limitExceeded) { _ = try tree(commit, limits) }
        limits.bytes = 14
        #expect(try tree(commit, limits).entries.count == 2)
    }

    @Test func fiftyThousandFilesAreWalked() async throws {
        var stream =
            "blob\nmark :1\ndata 1\nx\ncommit refs/heads/many\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n"
        for directory in 0..<500 {
            for file in 0..<100 { stream += "M 100644 :1 d\(directory)/f\(file)\n" }
        }
        try await workspace.git("fast-import", "--quiet", in: workspace.bare, input: Array(stream.utf8))
        let commit = try #require(CommitID(try await workspace.git("rev-parse", "many", in: workspace.bare)))
        #expect(try tree(commit).entries.count == 50_500)
    }

    @Test func clonesAreReadAtTheirHead() async throws {
        #expect(try GitRepository(workspace.clone).head() == nil)
        let commit = try await workspace.commit("one")
        let repository = try GitRepository(workspace.clone)
        #expect(try repository.head() == commit)
        #expect(try repository.contains(commit))
        await expectError(.notFound) { _ = try GitRepository(workspace.root.appending("absent")) }
    }
}
