import Archive
import OCI
import Storage
import Testing

struct FileTreeTests {
    struct Stack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: [[TestItem]]
        let paths: [String]
    }

    static let stacks = [
        Stack(
            testDescription: "a layer adds to what lies below",
            layers: [[.directory("a"), .file("a/x")], [.directory("a"), .file("a/y")]], paths: ["a", "a/x", "a/y"]),
        Stack(
            testDescription: "parents that no entry names are there",
            layers: [[.file("a/b/c")]], paths: ["a", "a/b", "a/b/c"]),
        Stack(
            testDescription: "a whiteout hides a file",
            layers: [[.directory("a"), .file("a/x"), .file("a/y")], [.directory("a"), .whiteout("a/.wh.x")]],
            paths: ["a", "a/y"]),
        Stack(
            testDescription: "a whiteout hides a directory with everything in it",
            layers: [[.directory("a"), .file("a/x"), .file("b")], [.whiteout(".wh.a")]], paths: ["b"]),
        Stack(
            testDescription: "a whiteout hides nothing of its own layer, wherever it stands",
            layers: [[.file("x"), .file("y")], [.file("x"), .whiteout(".wh.x"), .whiteout(".wh.y"), .file("y")]],
            paths: ["x", "y"]),
        Stack(
            testDescription: "an opaque directory shows only its own layer, even if the mark comes last",
            layers: [
                [.directory("a"), .file("a/old")], [.directory("a"), .file("a/new"), .whiteout("a/.wh..wh..opq")],
            ],
            paths: ["a", "a/new"]),
        Stack(
            testDescription: "other marks of aufs mean nothing",
            layers: [[.file("x")], [.whiteout(".wh..wh.plnk"), .file(".wh..wh.orph/y")]], paths: ["x"]),
        Stack(
            testDescription: "a whiteout of what is not there is no error",
            layers: [[.file("x")], [.whiteout(".wh.y"), .whiteout("no/where/.wh.z")]], paths: ["x"]),
        Stack(
            testDescription: "a file replaces a directory",
            layers: [[.directory("a"), .file("a/x")], [.file("a")]], paths: ["a"]),
        Stack(
            testDescription: "a directory replaces a file and holds only what its layer puts there",
            layers: [[.file("a")], [.directory("a"), .file("a/x")]], paths: ["a", "a/x"]),
        Stack(
            testDescription: "a directory replaces a link to another one, which stays as it was",
            layers: [[.directory("b"), .file("b/x"), .symlink("a", "b")], [.directory("a"), .file("a/y")]],
            paths: ["a", "a/y", "b", "b/x"]),
        Stack(
            testDescription: "what a deleted and remade directory held stays gone",
            layers: [[.directory("a"), .file("a/x")], [.whiteout(".wh.a")], [.directory("a"), .file("a/y")]],
            paths: ["a", "a/y"]),
    ]

    @Test(arguments: stacks)
    func layersStackAsTheImageSpecificationSays(_ stack: Stack) throws {
        var paths: [String] = []
        try Self.tree(stack.layers).walk { path, _ in paths.append(path.description) }
        #expect(paths == stack.paths)
    }

    @Test func anEntryForAnExistingDirectoryChangesItsMetadataAndKeepsItsContents() throws {
        let tree = try Self.tree([
            [.directory("a", mode: 0o755), .file("a/x")], [.directory("a", mode: 0o700, uid: 7)],
        ])
        let directory = try #require(tree.node(at: EntryPath("a")!))
        #expect(tree[directory].mode == 0o700)
        #expect(tree[directory].uid == 7)
        #expect(tree.hasChildren(directory))
    }

    @Test func theRootsEntrySetsItsMetadata() throws {
        let tree = try Self.tree([[.directory("./", mode: 0o711)]])
        #expect(tree[FileTree.root].mode == 0o711)
    }

    @Test func hardLinksAreOneNodeAndChangingOneNameInALaterLayerLeavesTheOther() throws {
        let lower: [TestItem] = [.file("a", "one"), .link("b", to: "a")]
        let linked = try Self.tree([lower])
        #expect(linked.node(at: EntryPath("a")!) == linked.node(at: EntryPath("b")!))
        let changed = try Self.tree([lower, [.file("a", "other")]])
        let a = try #require(changed.node(at: EntryPath("a")!))
        let b = try #require(changed.node(at: EntryPath("b")!))
        #expect(a != b)
        #expect(changed[a].kind != changed[b].kind)
    }

    @Test func ofTwoEntriesOfOneNameTheLaterCounts() throws {
        let tree = try Self.tree([[.file("a", mode: 0o600), .file("a", mode: 0o644)]])
        let a = try #require(tree.node(at: EntryPath("a")!))
        #expect(tree[a].mode == 0o644)
    }

    @Test func aChangedCopyLeavesTheOriginal() throws {
        let tree = try Self.tree([[.file("a")]])
        var copy = tree
        copy.remove(ArraySlice("a".utf8), from: FileTree.root)
        #expect(copy.node(at: EntryPath("a")!) == nil)
        #expect(tree.node(at: EntryPath("a")!) != nil)
    }

    // MARK: Resolution

    static let links: [TestItem] = [
        .directory("dir"), .file("dir/file"), .directory("dir/sub"), .symlink("up", "../../../dir"),
        .symlink("absolute", "/dir/sub"), .symlink("dir/sub/back", "../file"), .symlink("dangling", "dir/missing/x"),
        .symlink("loop", "loop"), .symlink("ping", "pong"), .symlink("pong", "ping"), .symlink("self", "."),
        .symlink("through", "absolute/back"),
    ]

    @Test(arguments: [
        ("/dir/file", "dir/file"), ("dir//./file", "dir/file"), ("/", ""), ("", ""), ("/../../dir", "dir"),
        ("/up/file", "dir/file"), ("/absolute", "dir/sub"), ("/absolute/back", "dir/file"), ("/through", "dir/file"),
        ("/absolute/..", "dir"), ("/self/self/dir", "dir"), ("/dir/sub/../../..", ""),
    ])
    func pathsResolveInsideTheTree(_ path: String, _ expected: String) throws {
        let tree = try Self.tree([Self.links])
        let resolved = try tree.resolve(Array(path.utf8))
        #expect(resolved.path.description == expected)
        #expect(resolved.node != nil)
    }

    @Test(arguments: [
        ("/missing", "missing", 0), ("/dir/a/b", "dir/a/b", 1), ("/dangling", "dir/missing/x", 1),
        ("/dangling/y", "dir/missing/x/y", 1), ("/dir/a/../b", "dir/b", 1), ("/dir/a/../../z", "z", 0),
    ])
    func missingPathsSayHowFarTheyExist(_ path: String, _ expected: String, _ depth: Int) throws {
        let resolved = try Self.tree([Self.links]).resolve(Array(path.utf8))
        #expect(resolved.path.description == expected)
        #expect(resolved.node == nil)
        #expect(resolved.existingDepth == depth)
    }

    @Test(arguments: ["/loop", "/loop/x", "/ping"])
    func loopsOfLinksAreErrors(_ path: String) throws {
        let tree = try Self.tree([Self.links])
        #expect(throws: PathResolutionError.self) { try tree.resolve(Array(path.utf8)) }
    }

    @Test(arguments: ["/dir/file/x", "/through/x"])
    func nothingLiesBelowAFile(_ path: String) throws {
        let tree = try Self.tree([Self.links])
        #expect(throws: PathResolutionError.notADirectory(EntryPath("dir/file")!)) {
            try tree.resolve(Array(path.utf8))
        }
    }

    @Test func theLastLinkCanStayUnfollowed() throws {
        let tree = try Self.tree([Self.links])
        #expect(try tree.resolve(Array("/loop".utf8), followsLast: false).path.description == "loop")
        #expect(try tree.resolve(Array("/up/sub/back".utf8), followsLast: false).path.description == "dir/sub/back")
    }

    @Test func emptyDirectoriesThatARuleHidesAreTakenOutFromTheInside() throws {
        var tree = try Self.tree([[.directory("a/b/c"), .directory("a/d"), .file("a/d/keep"), .directory("e")]])
        tree.removeEmptyDirectories { $0.description != "e" }
        var paths: [String] = []
        tree.walk { path, _ in paths.append(path.description) }
        #expect(paths == ["a", "a/d", "a/d/keep", "e"])
    }

    private static func tree(_ layers: [[TestItem]]) throws -> FileTree {
        FileTree(
            layers: try layers.enumerated().map { index, items in
                (id: DiffID(Digest.of([UInt8(index)])), entries: try TestItem.entries(items).entries)
            })
    }
}
