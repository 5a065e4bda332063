import Archive
import Build
import Dockerfile
import Storage
import Testing

struct CopyPlacementTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var base: [TreeItem] = []
        let source: [TreeItem]
        let copy: [String]
        let to: String
        var owner: CopyPlacement.Owner?
        var mode: String?
        let layer: [String]
    }

    static let files: [TreeItem] = [
        .file("f", "f"), .file("g", "g", mode: 0o755), .file("dir/a", "a"), .file("dir/sub/b", "b"),
        .symlink("dir/link", "a"), .symlink("to-f", "f"), .symlink("to-dir", "dir"),
    ]

    static let cases = [
        Case(
            testDescription: "a file to a name", source: files, copy: ["f"], to: "/new", layer: ["new file 644 0:0 f"]),
        Case(
            testDescription: "a file to a directory by its slash", source: files, copy: ["f"], to: "/app/",
            layer: ["app directory 755 0:0", "app/f file 644 0:0 f"]),
        Case(
            testDescription: "missing parents are made", source: files, copy: ["f"], to: "/a/b/c",
            layer: ["a directory 755 0:0", "a/b directory 755 0:0", "a/b/c file 644 0:0 f"]),
        Case(
            testDescription: "a file to a directory that is there",
            base: [.directory("opt", mode: 0o700, owner: (5, 6))],
            source: files, copy: ["f"], to: "/opt", layer: ["opt directory 700 5:6", "opt/f file 644 0:0 f"]),
        Case(
            testDescription: "a directory's contents to a new place", source: files, copy: ["dir"], to: "/x",
            layer: [
                "x directory 755 0:0", "x/a file 644 0:0 a", "x/link link 0:0 -> a", "x/sub directory 755 0:0",
                "x/sub/b file 644 0:0 b",
            ]),
        Case(
            testDescription: "a directory merges, what is there keeps its metadata",
            base: [.directory("x/sub", mode: 0o700, owner: (1, 2)), .file("x/old", "old")], source: files,
            copy: ["dir"],
            to: "/x/",
            layer: [
                "x directory 755 0:0", "x/a file 644 0:0 a", "x/link link 0:0 -> a", "x/sub directory 700 1:2",
                "x/sub/b file 644 0:0 b",
            ]),
        Case(
            testDescription: "several sources into a directory", source: files, copy: ["f", "g"], to: "/bin/",
            layer: ["bin directory 755 0:0", "bin/f file 644 0:0 f", "bin/g file 755 0:0 g"]),
        Case(
            testDescription: "a source that is a link to a file gives the file under the link's name", source: files,
            copy: ["to-f"], to: "/x/", layer: ["x directory 755 0:0", "x/to-f file 644 0:0 f"]),
        Case(
            testDescription: "a source that is a link to a directory gives its contents", source: files,
            copy: ["to-dir/sub"], to: "/x/", layer: ["x directory 755 0:0", "x/b file 644 0:0 b"]),
        Case(
            testDescription: "a destination's link is followed inside the root",
            base: [.directory("target"), .symlink("link", "../../target")], source: files, copy: ["f"], to: "/link/",
            layer: ["target directory 755 0:0", "target/f file 644 0:0 f"]),
        Case(
            testDescription: "an absolute destination link stays inside the root",
            base: [.symlink("out", "/")], source: files, copy: ["f"], to: "/out/canary/f",
            layer: ["canary directory 755 0:0", "canary/f file 644 0:0 f"]),
        Case(
            testDescription: "a dangling destination link is followed to where it leads",
            base: [.symlink("out", "/not/yet")], source: files, copy: ["f"], to: "/out/",
            layer: ["not directory 755 0:0", "not/yet directory 755 0:0", "not/yet/f file 644 0:0 f"]),
        Case(
            testDescription: "a file replaces a file", base: [.file("x", "old", mode: 0o600, owner: (9, 9))],
            source: files,
            copy: ["f"], to: "/x", layer: ["x file 644 0:0 f"]),
        Case(
            testDescription: "a file in a directory replaces a link there, not what the link leads to",
            base: [.file("important", "i"), .symlink("x/a", "/important")], source: files, copy: ["dir/a"], to: "/x/",
            layer: ["x directory 755 0:0", "x/a file 644 0:0 a"]),
        Case(
            testDescription: "hard links of one copy stay hard links",
            source: [.file("d/one", "1"), .link("d/two", to: "d/one")], copy: ["d"], to: "/x/",
            layer: ["x directory 755 0:0", "x/one file 644 0:0 1", "x/two hard link to x/one"]),
        Case(
            testDescription: "owners of another stage are kept, the destination is root's",
            source: [.directory("d", mode: 0o700, owner: (3, 3)), .file("d/e/f", "f", owner: (7, 8))], copy: ["d"],
            to: "/x",
            layer: ["x directory 755 0:0", "x/e directory 755 0:0", "x/e/f file 644 7:8 f"]),
        Case(
            testDescription: "--chown is for files and for the directories that are made", base: [.directory("old")],
            source: files, copy: ["dir/sub"], to: "/old/new/x", owner: .init(uid: 5, gid: 6),
            layer: [
                "old directory 755 0:0", "old/new directory 755 5:6", "old/new/x directory 755 5:6",
                "old/new/x/b file 644 5:6 b",
            ]),
        Case(
            testDescription: "--chmod in octal is for files and directories, not for links", source: files,
            copy: ["dir"],
            to: "/x", mode: "4750",
            layer: [
                "x directory 4750 0:0", "x/a file 4750 0:0 a", "x/link link 0:0 -> a", "x/sub directory 4750 0:0",
                "x/sub/b file 4750 0:0 b",
            ]),
        Case(
            testDescription: "--chmod with symbols changes each file's mode", source: files, copy: ["f", "g"],
            to: "/x/",
            mode: "u=rwX,go=rX,o-r",
            layer: ["x directory 751 0:0", "x/f file 640 0:0 f", "x/g file 751 0:0 g"]),
    ]

    @Test(arguments: cases)
    func copiesLandWhereTheLanguageSays(_ test: Case) throws {
        let placement = try Self.place(test)
        #expect(placement.entries.map(Self.line) == test.layer)
    }

    @Test(arguments: [
        (
            [TreeItem.directory("x/f")], ["f"], "/x/", "cannot copy a file over the directory `/x/f`"
        ),
        ([.file("x/sub")], ["dir"], "/x", "cannot copy a directory over the file `/x/sub`"),
        ([.file("x")], ["dir"], "/x", "cannot copy into `/x`: it is not a directory"),
        ([.file("x")], ["f"], "/x/", "cannot copy into `/x`: it is not a directory"),
        ([.file("x")], ["f"], "/x/y/z", "cannot copy to `/x/y/z`: `/x` is not a directory"),
        ([.symlink("x", "x")], ["f"], "/x/f", "cannot copy to `/x/f`: too many symbolic links on the way to `/x/f`"),
    ])
    func impossibleCopiesSayWhy(_ base: [TreeItem], _ copy: [String], _ destination: String, _ message: String) {
        let test = Case(testDescription: "", base: base, source: Self.files, copy: copy, to: destination, layer: [])
        let error = #expect(throws: CopyError.self) { try Self.place(test) }
        #expect(error?.message == message)
    }

    @Test func timesAreKeptUpToTheEpochAndOthersBecomeIt() throws {
        let source = FileTree([.file("old", modified: 100), .file("new", modified: 5000), .file("none")])
        var placement = CopyPlacement(on: FileTree(), owner: nil, mode: nil, epoch: 1000)
        for name in ["old", "new", "none"] {
            try placement.place(
                source.node(at: EntryPath(name)!)!, named: Array(name.utf8), of: source, to: "/", isDirectory: true)
        }
        let times = placement.entries.map { entry -> Int64 in
            if case .file(_, let node) = entry { node.modified.seconds } else { -1 }
        }
        #expect(times == [1000, 1000, 100])
    }

    // MARK: Archives

    @Test(arguments: [
        (
            "entries through a link of the destination land where it leads",
            [TreeItem.directory("real"), .symlink("d/lib", "/real")],
            [Item("lib/x", "x")], ["real directory 755 0:0", "real/x file 644 0:0 x"]
        ),
        (
            "entries through a link of the archive stay inside", [],
            [Item("out", link: "../../../etc"), Item("out/passwd", "p")],
            [
                "d directory 755 0:0", "d/out link 0:0 -> ../../../etc", "etc directory 755 0:0",
                "etc/passwd file 644 0:0 p",
            ]
        ),
        (
            "a file replaces a directory", [.file("d/x/deep", "old")], [Item("x", "new")],
            ["d directory 755 0:0", "d/x file 644 0:0 new"]
        ),
        (
            "a directory replaces a file", [.file("d/x", "old")], [Item("x"), Item("x/y", "new")],
            ["d directory 755 0:0", "d/x directory 755 0:0", "d/x/y file 644 0:0 new"]
        ),
        (
            "a hard link to an earlier entry", [], [Item("x", "x"), Item("y", hardLink: "x")],
            ["d directory 755 0:0", "d/x file 644 0:0 x", "d/y hard link to d/x"]
        ),
        (
            "a hard link to a symbolic link is the link", [], [Item("l", link: "nowhere"), Item("m", hardLink: "l")],
            ["d directory 755 0:0", "d/l link 0:0 -> nowhere", "d/m hard link to d/l"]
        ),
        (
            "of two entries the later counts", [], [Item("x", "1"), Item("x", "2")],
            ["d directory 755 0:0", "d/x file 644 0:0 2"]
        ),
        (
            "the archive's root is the destination", [.directory("d", mode: 0o700)],
            [Item(""), Item("x", "x")],
            ["d directory 755 0:0", "d/x file 644 0:0 x"]
        ),
    ])
    func archivesAreUnpackedAsTarDoes(_ title: String, _ base: [TreeItem], _ items: [Item], _ layer: [String]) throws {
        var placement = CopyPlacement(on: FileTree(base), owner: nil, mode: nil, epoch: 0)
        try placement.unpack(items.map(\.entry), to: "/d/")
        #expect(placement.entries.map(Self.line) == layer)
    }

    @Test func aHardLinkToNothingIsRefused() {
        var placement = CopyPlacement(on: FileTree(), owner: nil, mode: nil, epoch: 0)
        let error = #expect(throws: CopyError.self) {
            try placement.unpack([Item("x", hardLink: "missing").entry], to: "/d/")
        }
        #expect(error?.message == "cannot unpack `x`: it is a hard link to `missing`, which is not there")
    }

    /// An archive's entry: a file, a link, a hard link or, without any, a directory.
    struct Item: Sendable {
        let entry: (path: EntryPath, node: FileTree.Node?, linkTarget: EntryPath?)

        init(_ path: String, _ content: String? = nil, link: String? = nil, hardLink: String? = nil) {
            let node: FileTree.Node? =
                if let content { TreeItem.file(path, content).node } else if let link {
                    TreeItem.symlink(path, link).node
                } else if hardLink == nil { TreeItem.directory(path).node } else { nil }
            entry = (path.isEmpty ? .root : EntryPath(path)!, node, hardLink.flatMap { EntryPath($0) })
        }
    }

    private static func place(_ test: Case) throws -> CopyPlacement {
        let source = FileTree(test.source)
        let selection = try CopySelection(of: test.copy, in: source)
        var placement = CopyPlacement(
            on: FileTree(test.base), owner: test.owner, mode: test.mode.flatMap { FileModeChange($0) }, epoch: 0)
        for item in selection.items {
            try placement.place(
                item.node, named: item.name, of: source, to: test.to,
                isDirectory: test.to.hasSuffix("/") || selection.items.count > 1)
        }
        return placement
    }

    private static func line(_ entry: CopyPlacement.Entry) -> String {
        switch entry {
        case .file(let path, let node): "\(path) \(node.line)"
        case .hardLink(let path, let target, _): "\(path) hard link to \(target)"
        case .whiteout(let path): "\(path) is gone"
        }
    }
}
