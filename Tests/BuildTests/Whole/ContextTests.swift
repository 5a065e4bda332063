import Archive
import Build
import Dockerfile
import Engine
import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ContextTests {
    private func context(_ shop: Workshop, ignore: String = "") throws -> DirectoryContext {
        try DirectoryContext(shop.path.appending("context"), ignore: IgnoreFile(ignore))
    }

    @Test func modesOwnersAndTimesAreCanonical() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("plain", "1", mode: 0o600)
        try shop.write("program", "2", mode: 0o711)
        try shop.write("d/odd", "3", mode: 0o4777)
        try shop.link("link", to: "../outside")
        try shop.write(".git/config", "secret")
        try shop.write("d/.git/kept", "4")
        let tree = try await context(shop).tree()
        var lines: [String] = []
        tree.walk { path, id in lines.append("\(path) \(tree[id].line { _ in "-" })") }
        #expect(
            lines == [
                "d directory 755 0:0", "d/.git directory 755 0:0", "d/.git/kept file 644 0:0 -",
                "d/odd file 755 0:0 -", "link link 0:0 -> ../outside", "plain file 644 0:0 -", "program file 755 0:0 -",
            ])
    }

    @Test func ignoreFilesHideWithoutLeavingEmptyDirectories() async throws {
        let shop = try await Workshop(hasBase: false)
        for name in ["a/b/c", "a/b/d", "a/e/f", "g"] { try shop.write(name, name) }
        let tree = try await context(shop, ignore: "**\n!a/b/c").tree()
        var paths: [String] = []
        tree.walk { path, _ in paths.append(path.description) }
        #expect(paths == ["a", "a/b", "a/b/c"])
        #expect(try await !context(shop, ignore: "*").tree().hasChildren(FileTree.root))
    }

    /// Rules match names that are nowhere as well.
    @Test func aRuleHidesOnlyWhatIsThere() async throws {
        let shop = try await Workshop(hasBase: false)
        for name in ["README.md", "docs/a"] { try shop.write(name, name) }
        try shop.link("out.md", to: "/etc/passwd")
        let context = try context(shop, ignore: "*.md\ndocs")
        let filtered = FilteredContext(try self.context(shop), ignore: IgnoreFile("*.md\ndocs"))
        for context in [context, filtered] as [any BuildContext] {
            _ = try await context.tree()
            for (name, isHidden) in [
                ("README.md", true), ("readme.md", false), ("docs", true), ("docs/a", true), ("docs/b", false),
                ("out.md", true), ("other", false),
            ] {
                let path = try #require(EntryPath(name))
                #expect((context.exclusion(of: path) != nil) == isHidden, "\(name)")
            }
        }
    }

    @Test func aClonesRepositoryIsThereOnRequest() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write(".git/HEAD", "ref: refs/heads/main")
        let directory = shop.path.appending("context")
        let context = try DirectoryContext(directory, ignore: IgnoreFile(""), keepsGitDirectory: true)
        #expect(try await context.tree().node(at: EntryPath(unchecked: Array(".git/HEAD".utf8))) != nil)
    }

    @Test func theNewestFileCountsAndDirectoriesDoNot() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("d/old", "1")
        try shop.write("new", "2")
        try shop.write("ignored.log", "3")
        for (name, time) in [("d/old", 1000.0), ("new", 2000), ("ignored.log", 3000)] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: time)],
                ofItemAtPath: shop.path.appending("context/\(name)").string)
        }
        #expect(try await context(shop, ignore: "*.log").newestModification() == 2000)
        #expect(try await context(shop, ignore: "*").newestModification() == nil)
    }

    @Test(arguments: ["rewritten", "longer", "gone", "replaced", "link"])
    func aFileThatChangesAfterItWasHashedFailsTheBuild(_ change: String) async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("f", "before")
        let context = ChangingContext(try context(shop)) {
            let file = shop.path.appending("context/f").string
            switch change {
            case "rewritten": try shop.write("f", "afterw")
            case "longer": try shop.write("f", "before and after")
            case "gone": try FileManager.default.removeItem(atPath: file)
            case "replaced":
                try FileManager.default.removeItem(atPath: file)
                try shop.write("f", "before")
            default:
                try FileManager.default.removeItem(atPath: file)
                try shop.link("f", to: "/etc/passwd")
            }
        }
        let error = await #expect(throws: (any Error).self) {
            try await shop.engine.build(BuildRequest("FROM scratch\nCOPY f /", context: context)) { _ in }
        }
        let path = shop.path.appending("context/f")
        #expect("\(error!)".contains("\(path)") || "\(error!)".contains("`f`"), "\(error!)")
        if change != "link" { #expect("\(error!)".contains("changed while it was being read"), "\(error!)") }
        // Nothing of it is remembered.
        try? FileManager.default.removeItem(atPath: path.string)
        try shop.write("f", "final")
        let image = try await shop.build("FROM scratch\nCOPY f /")
        #expect(try await shop.tree(of: image) == ["f": "file 644 0:0 \"final\""])
    }

    @Test func namesOfDeletionsCannotBeCopied() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write(".wh.x", "")
        let error = await #expect(throws: (any Error).self) { try await shop.build("FROM scratch\nCOPY . /") }
        #expect("\(error!)".contains("`.wh.x` cannot be stored"), "\(error!)")
    }

    @Test func aContextThatIsNoDirectoryIsNamed() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("f", "f")
        #expect(throws: BuildError.self) {
            try DirectoryContext(shop.path.appending("context/f"), ignore: IgnoreFile(""))
        }
        #expect(throws: BuildError.self) {
            try DirectoryContext(shop.path.appending("nowhere"), ignore: IgnoreFile(""))
        }
    }
}

/// Changes something between the hashing of files and their being copied.
private final class ChangingContext: BuildContext {
    private let context: DirectoryContext
    private let change: @Sendable () throws -> Void

    init(_ context: DirectoryContext, change: @escaping @Sendable () throws -> Void) {
        self.context = context
        self.change = change
    }

    func tree() async throws -> FileTree { try await context.tree() }

    func digests(of ids: [Int]) async throws -> [Digest] {
        let digests = try await context.digests(of: ids)
        try change()
        return digests
    }

    func open(_ id: Int) throws -> ContextContent { try context.open(id) }

    func exclusion(of path: EntryPath) -> Exclusion? { nil }
}
