import Foundation
import Git
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(2)))
struct WorkTreeHeadTests {
    private func expectHead(of workTree: FilePath, _ workspace: GitWorkspace) async throws {
        let fields = try await workspace.git("log", "-1", "--format=%H %ct", in: workTree).split(separator: " ")
        let head = try #require(WorkTreeHead(of: workTree))
        #expect(head.commit.hex == fields[0])
        #expect(head.commitTime == Int64(fields[1]))
    }

    @Test(arguments: ["sha1", "sha256"])
    func headIsWhatGitSays(hash: String) async throws {
        let workspace = try await GitWorkspace()
        let tree = workspace.root.appending("tree")
        try await workspace.git("init", "--quiet", "--object-format=\(hash)", tree.string)
        #expect(WorkTreeHead(of: tree) == nil, "no commit yet")
        // Loose, on a branch with a slash.
        try await workspace.git("checkout", "--quiet", "-b", "feature/one", in: tree)
        for number in 0..<20 {
            try await workspace.git("commit", "--quiet", "--allow-empty", "-m", "commit \(number)", in: tree)
        }
        try await expectHead(of: tree, workspace)
        // In a pack, the ref in packed-refs, beside the tag that git marks with `^`.
        try await workspace.git("tag", "--annotate", "-m", "a tag", "v1", in: tree)
        try await workspace.git("-c", "pack.depth=0", "gc", "--quiet", in: tree)
        #expect(!FileManager.default.fileExists(atPath: tree.appending(".git/refs/heads/feature/one").string))
        try await expectHead(of: tree, workspace)
        // A commit named in HEAD itself.
        try await workspace.git("checkout", "--quiet", "--detach", "HEAD~3", in: tree)
        try await expectHead(of: tree, workspace)
        let linked = workspace.root.appending("linked")
        try await workspace.git("worktree", "add", "--quiet", linked.string, "HEAD~5", in: tree)
        try await expectHead(of: linked, workspace)
        try await workspace.git("checkout", "--quiet", "-b", "other", in: linked)
        try await expectHead(of: linked, workspace)
    }

    @Test func packOfMoreThanTwoGibibytesHasLongOffsets() async throws {
        let workspace = try await GitWorkspace()
        for number in 0..<4 {
            try await workspace.git("commit", "--quiet", "--allow-empty", "-m", "commit \(number)")
        }
        try await workspace.git("-c", "pack.indexVersion=2", "-c", "pack.depth=0", "repack", "--quiet", "-a", "-d")
        let packs = workspace.clone.appending(".git/objects/pack")
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: packs.string).first { $0.hasSuffix(".pack") })
        try FileManager.default.removeItem(atPath: packs.appending("\(name.dropLast(5)).idx").string)
        // All offsets but the first are long: git takes no index in which every one is.
        try await workspace.git("index-pack", "--index-version=2,13", packs.appending(name).string)
        try await expectHead(of: workspace.clone, workspace)
        try await workspace.git("checkout", "--quiet", "--detach", "HEAD~2")
        try await expectHead(of: workspace.clone, workspace)
    }

    @Test func damagedCommitIsNotBelieved() async throws {
        let workspace = try await GitWorkspace()
        try await workspace.git("commit", "--quiet", "--allow-empty", "-m", "one")
        let first = try await workspace.head().hex
        try await workspace.git("commit", "--quiet", "--allow-empty", "-m", "two")
        let second = try await workspace.head().hex
        let objects = workspace.clone.appending(".git/objects")
        func path(_ id: String) -> String { objects.appending("\(id.prefix(2))/\(id.dropFirst(2))").string }
        try FileManager.default.removeItem(atPath: path(second))
        try FileManager.default.copyItem(atPath: path(first), toPath: path(second))
        #expect(WorkTreeHead(of: workspace.clone) == nil)
    }

    @Test(arguments: [
        ("HEAD", "ref: ../../../etc/passwd\n"), ("HEAD", "ref: refs/heads/nothing\n"), ("HEAD", ""), ("HEAD", "\0\0"),
        ("refs/heads/main", "ref: refs/heads/main\n"), ("refs/heads/main", "0000\n"),
    ])
    func brokenFilesSayNothing(file: String, text: String) async throws {
        let workspace = try await GitWorkspace()
        try await workspace.git("commit", "--quiet", "--allow-empty", "-m", "one")
        try #require(WorkTreeHead(of: workspace.clone) != nil)
        try Data(text.utf8).write(to: URL(filePath: workspace.clone.appending(".git/\(file)").string))
        #expect(WorkTreeHead(of: workspace.clone) == nil)
    }

    @Test func directoryWithoutRepositoryHasNone() async throws {
        let workspace = try await GitWorkspace()
        #expect(WorkTreeHead(of: workspace.root) == nil)
        #expect(WorkTreeHead(of: workspace.root.appending("missing")) == nil)
    }
}
