import Archive
import Foundation
import Linux
import OCI
import Storage
import Testing

/// What is mounted on for a step, and what of that the step's layer has: nothing.
@Suite(.enabled(if: TestHost.isRoot, "mounting needs root"), .timeLimit(.minutes(5)))
struct MountPointTests {
    static let base: [TestItem] = [
        .directory("a", mode: 0o751, uid: 7, modified: 1234, attributes: ["user.mark": [1, 2]]),
        .file("a/x", "x"), .directory("a/old", mode: 0o700), .file("a/old/y", "y"),
        .symlink("abroad", "../../outside/../else"), .directory("run"), .directory("var"),
        .symlink("var/run", "/run"), .symlink("loop", "loop"),
    ]

    /// Mount points, a script that the step runs, what the layer then has, and what exists while the step runs.
    static let steps: [(name: String, points: [MountPoint], script: String, paths: [String], seen: [String])] = [
        (
            "below an existing directory", [MountPoint("/a/new/deep", .directory), MountPoint("/a/key", .file)],
            "true", [], ["a/key", "a/new", "a/new/deep"]
        ),
        ("at the top", [MountPoint("/cache", .directory), MountPoint("/key", .file)], "true", [], ["cache", "key"]),
        ("on what exists", [MountPoint("/a", .directory), MountPoint("/a/x", .file)], "true", [], []),
        (
            "through a link", [MountPoint("/var/run/secrets/key", .file)], "true", [],
            ["run/secrets", "run/secrets/key"]
        ),
        ("through a link to nothing", [MountPoint("/abroad/x", .file)], "true", [], ["else", "else/x"]),
        ("with dots", [MountPoint("/a/old/.././/new", .directory)], "true", [], ["a/new"]),
        (
            "beside what is written", [MountPoint("/a/new/deep", .directory)], "echo z > a/z",
            ["a", "a/z"], ["a/new", "a/new/deep", "a/z"]
        ),
        (
            "beside what is written into a directory of their own", [MountPoint("/b/c/deep", .directory)],
            "echo z > b/z", ["b", "b/z"], ["b", "b/c", "b/c/deep", "b/z"]
        ),
        (
            "beside what is removed", [MountPoint("/a/old/key", .file)], "rm a/old/y a/x",
            ["a", "a/.wh.x", "a/old", "a/old/.wh.y"], ["a/old/key"]
        ),
        (
            "in a directory whose mode changes", [MountPoint("/a/key", .file)], "chmod 700 a", ["a"], ["a/key"]
        ),
        ("in a directory that is touched", [MountPoint("/a/key", .file)], "touch a", [], ["a/key"]),
        ("removed by the step", [MountPoint("/a/key", .file)], "rm a/key", [], []),
        (
            "in a directory that is made anew", [MountPoint("/a/old/key", .file)],
            "rm -r a/old; mkdir a/old; echo z > a/old/z", ["a", "a/old", "a/old/.wh.y", "a/old/z"], ["a/old/z"]
        ),
        (
            "one below the other, in any order",
            [
                MountPoint("/m/a/b/c", .file), MountPoint("/m", .directory), MountPoint("/var/run/x", .file),
                MountPoint("/run", .directory),
            ],
            "true", [], ["m", "run/x"]
        ),
    ]

    @Test(arguments: SnapshotterKind.allCases, steps)
    func areInNoLayer(
        _ kind: SnapshotterKind,
        _ step: (name: String, points: [MountPoint], script: String, paths: [String], seen: [String])
    ) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = [try fixture.place.add(Self.base)]
        let before = try await fixture.tree(layers)
        for upper in [fixture.inMemory, fixture.place.diskUpper] {
            let snapshot = try await fixture.snapshotter.writable(
                layers, ids: fixture.ids, upper: upper, mountPoints: step.points)
            let result = try await fixture.change(snapshot, step.script)
            try #require(result.status.isSuccess, "\(result.errorText)")
            let seen = try TreeDescription(of: snapshot.rootDescriptor.rawValue, shift: fixture.ids.base)
            let stubs = Set((MountStubs.directories + MountStubs.files).map { Array($0.utf8) })
            let new = seen.lines.keys.filter { before.lines[$0] == nil && !stubs.contains($0) }
            #expect(new.map { String(decoding: $0, as: UTF8.self) }.sorted() == step.seen)
            let commit = try await fixture.commit(snapshot, over: layers)
            #expect(try fixture.paths(of: commit.layer) == step.paths)
        }
    }

    @Test(arguments: SnapshotterKind.allCases)
    func directoriesOnTheWayAreAsTheyWere(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = [
            try fixture.place.add(Self.base), try fixture.add(.directory("run", mode: 0o1777, modified: 99)),
        ]
        let before = try await fixture.shown(layers, [])
        let after = try await fixture.shown(
            layers, [MountPoint("/a/old/k", .file), MountPoint("/var/run/k", .directory)])
        #expect(
            TreeDescription.difference(before, after) == [
                "+ a/old/k file 644 0:0 0.0 0 \(Digest.of([]).short)", "+ run/k directory 755 0:0 0.0",
            ])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func layerOfAChangedParentHasItsMetadata(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = [try fixture.place.add(Self.base)]
        let snapshot = try await fixture.snapshotter.writable(
            layers, ids: fixture.ids, upper: fixture.inMemory, mountPoints: [MountPoint("/a/key", .file)])
        try await fixture.change(snapshot, "echo z > a/z")
        let commit = try await fixture.commit(snapshot, over: layers)
        let entry = try #require(
            try fixture.place.store.layers.entries(of: commit.layer.diffID).first { $0.path == EntryPath("a") })
        #expect(entry.mode == 0o751 && entry.uid == 7 && entry.gid == 7)
        #expect(entry.attributes == [ExtendedAttribute(name: Array("user.mark".utf8), value: [1, 2])])
    }

    /// A whiteout or an opaque directory of a layer hides what is below it, but no mount point.
    @Test(arguments: SnapshotterKind.allCases)
    func noLayerHidesThem(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = [
            try fixture.place.add(Self.base),
            try fixture.add(
                .directory("a"), .whiteout("a/.wh..wh..opq"), .file("a/n", "n"), .whiteout(".wh.var"),
                .directory("run"), .whiteout("run/.wh.k")),
        ]
        let snapshot = try await fixture.snapshotter.writable(
            layers, ids: fixture.ids, upper: fixture.inMemory,
            mountPoints: [
                MountPoint("/a/old/k", .file), MountPoint("/var/k", .directory), MountPoint("/run/k", .directory),
            ])
        let names = try TreeDescription(of: snapshot.rootDescriptor.rawValue).lines.keys
            .map { String(decoding: $0, as: UTF8.self) }
        #expect(Set(["a/n", "a/old/k", "var/k", "run/k"]).isSubset(of: names))
        #expect(!names.contains("a/x") && !names.contains("a/old/y") && !names.contains("var/run"))
        let commit = try await fixture.commit(snapshot, over: layers)
        #expect(try fixture.paths(of: commit.layer) == [])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func readOnlyStacksHaveThemToo(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = [try fixture.place.add(Self.base + [.directory("", mode: 0o711, uid: 5)])]
        let plain = try await fixture.snapshotter.readOnly(layers, ids: fixture.ids)
        let snapshot = try await fixture.snapshotter.readOnly(
            layers, ids: fixture.ids, mountPoints: [MountPoint("/a/target", .directory)])
        let difference = TreeDescription.difference(
            try TreeDescription(of: plain.rootDescriptor.rawValue, shift: fixture.ids.base, directoryTimes: true),
            try TreeDescription(of: snapshot.rootDescriptor.rawValue, shift: fixture.ids.base, directoryTimes: true))
        #expect(difference == ["+ a/target directory 755 0:0 0.0"])
        let (old, new) = (
            try FileStatus.of(plain.rootDescriptor.rawValue), try FileStatus.of(snapshot.rootDescriptor.rawValue)
        )
        #expect(old.mode == new.mode && old.uid == new.uid && old.modifiedSeconds == new.modifiedSeconds)
    }

    @Test(arguments: [
        (MountPoint("/a/x", .directory), "cannot mount on `/a/x`: `/a/x` is not a directory"),
        (MountPoint("/a/x/y", .directory), "cannot mount on `/a/x/y`: `/a/x` is not a directory"),
        (MountPoint("/a", .file), "cannot mount on `/a`: `/a` is a directory, and what is mounted a file"),
        (MountPoint("/a/..", .directory), "cannot mount on `/a/..`: it is the root directory"),
        (MountPoint("/loop", .directory), "cannot mount on `/loop`: too many symbolic links"),
        (MountPoint("a", .directory), "cannot mount on `a`: it is no absolute path"),
    ])
    func unsuitableOnesAreRefused(_ point: MountPoint, _ message: String) async throws {
        let fixture = try SnapshotFixture(.unpacking)
        let layers = [try fixture.place.add(Self.base)]
        let error = await #expect(throws: StorageError.self) {
            try await fixture.snapshotter.writable(
                layers, ids: fixture.ids, upper: fixture.inMemory, mountPoints: [point])
        }
        #expect(error?.code == .unsuitableMountPoint)
        #expect(error?.description == message)
    }
}

extension SnapshotFixture {
    fileprivate var inMemory: UpperPolicy {
        UpperPolicy(memory: MemoryBudget(total: 1 << 24, share: 1 << 24), disk: place.work)
    }

    /// What a step sees before it has changed anything.
    fileprivate func shown(_ layers: [DiffID], _ points: [MountPoint]) async throws -> TreeDescription {
        let snapshot = try await snapshotter.writable(layers, ids: ids, upper: inMemory, mountPoints: points)
        return try TreeDescription(of: snapshot.rootDescriptor.rawValue, shift: ids.base, directoryTimes: true)
    }
}
