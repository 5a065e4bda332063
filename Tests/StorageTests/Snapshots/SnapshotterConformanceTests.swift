import Archive
import Foundation
import Glibc
import Linux
import OCI
import Storage
import SystemPackage
import Testing

/// What every snapshotter shows, whatever it does for it.
@Suite(.enabled(if: TestHost.isRoot, "mounting needs root"), .timeLimit(.minutes(5)))
struct SnapshotterConformanceTests {
    // MARK: Stacks

    @Test(arguments: SnapshotterKind.allCases)
    func upperLayersCoverLowerOnes(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let a = try fixture.add(.directory("d", mode: 0o700), .file("d/x", "lower"), .file("d/y", "kept"))
        let b = try fixture.add(.directory("d", mode: 0o711), .file("d/x", "upper"), .file("d/z"))
        #expect(try await fixture.names([a, b]) == ["d", "d/x", "d/y", "d/z"])
        let (both, upper, lower) = (
            try await fixture.tree([a, b]), try await fixture.tree([b]), try await fixture.tree([a])
        )
        #expect(both.lines[Array("d/x".utf8)] == upper.lines[Array("d/x".utf8)])
        #expect(both.lines[Array("d/y".utf8)] == lower.lines[Array("d/y".utf8)])
        #expect(both.lines[Array("d".utf8)] == "d directory 711 0:0")
        #expect(try await fixture.tree([b, a]).lines[Array("d/x".utf8)] == lower.lines[Array("d/x".utf8)])
    }

    static let whiteouts: [(name: String, upper: [TestItem], shown: [String])] = [
        ("file", [.directory("d"), .whiteout("d/.wh.x")], ["d", "d/e", "d/e/y", "f"]),
        ("directory", [.whiteout(".wh.d")], ["f"]),
        ("nothing", [.whiteout(".wh.nothing")], ["d", "d/e", "d/e/y", "d/x", "f"]),
        ("before its name", [.whiteout(".wh.d"), .directory("d"), .file("d/new")], ["d", "d/new", "f"]),
        ("after its name", [.directory("d"), .file("d/new"), .whiteout(".wh.d")], ["d", "d/new", "f"]),
        ("opaque", [.directory("d"), .whiteout("d/.wh..wh..opq"), .file("d/new")], ["d", "d/new", "f"]),
        ("opaque last", [.directory("d"), .file("d/new"), .whiteout("d/.wh..wh..opq")], ["d", "d/new", "f"]),
        ("opaque root", [.whiteout(".wh..wh..opq"), .file("new")], ["new"]),
        ("file over directory", [.file("d")], ["d", "f"]),
        ("link over directory", [.symlink("d", "f")], ["d", "f"]),
        ("directory over file", [.directory("f"), .file("f/x")], ["d", "d/e", "d/e/y", "d/x", "f", "f/x"]),
        ("file, then directory", [.file("d"), .directory("d"), .file("d/new")], ["d", "d/new", "f"]),
        ("marks of others", [.file(".wh..wh.plnk/x"), .file("d/.wh..wh.aufs")], ["d", "d/e", "d/e/y", "d/x", "f"]),
    ]

    @Test(arguments: SnapshotterKind.allCases, whiteouts)
    func whiteoutsHideWhatIsBelow(_ kind: SnapshotterKind, _ layer: (name: String, upper: [TestItem], shown: [String]))
        async throws
    {
        let fixture = try SnapshotFixture(kind)
        let a = try fixture.add(.directory("d"), .directory("d/e"), .file("d/e/y"), .file("d/x"), .file("f"))
        let b = try fixture.place.add(layer.upper)
        #expect(try await fixture.names([a, b]) == layer.shown)
        // Alone, and at the bottom, no whiteout shows either.
        #expect(try await fixture.names([b]).allSatisfy { layer.shown.contains($0) })
        #expect(try await fixture.names([a, b, a]).contains("d/e/y"))
    }

    @Test(arguments: SnapshotterKind.allCases)
    func directoryComesBackAfterAFile(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = try [
            fixture.add(.directory("d"), .file("d/old")), fixture.add(.file("d", "file")),
            fixture.add(.directory("d"), .file("d/new")),
        ]
        #expect(try await fixture.names(layers) == ["d", "d/new"])
        #expect(try await fixture.names(Array(layers.dropLast())) == ["d"])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func everyKindOfFileIsShownAsItsArchiveSays(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let capability: [UInt8] = [1, 0, 0, 2, 0, 32, 0, 0] + [UInt8](repeating: 0, count: 12)
        let layer = try fixture.add(
            .file("a", "content", mode: 0o6755, uid: 7, modified: 1_500_000_000), .link("b", to: "a"),
            .node("block", .blockDevice(major: 8, minor: 300)), .node("char", .characterDevice(major: 1, minor: 3)),
            .directory("dir", mode: 0o1777, uid: 9, attributes: ["user.d": [1]]), .node("fifo", .fifo),
            .file("ping", "x", attributes: ["security.capability": capability, "user.a": [2, 3]]),
            .symlink("s", "a/b/c"))
        let text = { (text: String) in Digest.of(Array(text.utf8)).short }
        #expect(
            try await fixture.tree([layer]).description.split(separator: "\n").map(String.init) == [
                "a file 6755 7:7 1500000000.0 7 \(text("content"))",
                "b file 6755 7:7 1500000000.0 7 \(text("content")) = a",
                "block blockDevice 600 0:0 1000.0 (major: 8, minor: 300)",
                "char characterDevice 600 0:0 1000.0 (major: 1, minor: 3)",
                "dir directory 1777 9:9 user.d=\(Digest.of([1]).short)", "fifo fifo 600 0:0 1000.0",
                "ping file 644 0:0 1000.0 1 \(text("x")) security.capability=\(Digest.of(capability).short) "
                    + "user.a=\(Digest.of([2, 3]).short)",
                "s symbolicLink 777 0:0 1000.0 a/b/c",
            ])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func overlaysOwnAttributesNeverComeFromAnArchive(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let a = try fixture.add(.directory("secret"), .file("secret/x"), .directory("d"), .file("d/y"))
        let hostile: [String: [UInt8]] = [
            "trusted.overlay.redirect": Array("/secret".utf8), "trusted.overlay.opaque": [0x79],
            "user.overlay.opaque": [0x79], "trusted.overlay.metacopy": [],
        ]
        let b = try fixture.add(.directory("d", attributes: hostile))
        #expect(try await fixture.names([a, b]) == ["d", "d/y", "secret", "secret/x"])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func namesAreBytes(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        var items: [TestItem] = []
        for byte in UInt8(1)...255 where byte != 0x2f {
            var item = TestItem.file("x", "\(byte)")
            item.entry.path = EntryPath(unchecked: [byte, 0x5f])
            items.append(item)
        }
        var long = TestItem.file("x")
        long.entry.path = EntryPath(unchecked: [UInt8](repeating: 0xff, count: 255))
        items.append(long)
        let tree = try await fixture.tree([fixture.place.add(items)])
        #expect(Set(tree.lines.keys) == Set(items.map(\.entry.path.bytes)))
    }

    @Test(arguments: SnapshotterKind.allCases)
    func pathsAsLongAsTheKernelTakesAreShown(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let deep = (0..<1000).map { _ in "d" }.joined(separator: "/")
        let wide = (0..<15).map { _ in String(repeating: "n", count: 250) }.joined(separator: "/")
        let layers = try [fixture.add(.file(deep + "/f", "x")), fixture.add(.file(wide + "/f", "y"))]
        #expect(try await fixture.names(layers).count == 1000 + 15 + 2)
    }

    @Test(arguments: SnapshotterKind.allCases)
    func threeHundredLayersStack(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = try (0..<300).map { try fixture.add(.file("common", "\($0)"), .file("f\($0)", "x")) }
        #expect(try await fixture.names(layers).count == 301)
        let snapshot = try await fixture.writable(layers)
        let result = try await fixture.change(snapshot, "cat common; ls | wc -l")
        // The four stub directories are there as well.
        #expect(result.outputText == "299305\n")
        let tooMany = try layers + (300..<500).map { try fixture.add(.file("f\($0)", "x")) }
        await #expect(throws: StorageError.self) { try await fixture.names(tooMany) }
    }

    @Test(arguments: SnapshotterKind.allCases)
    func equalAndEmptyLayersAreNoConflict(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let (a, b, empty) = try (
            fixture.add(.file("x", "a")), fixture.add(.file("x", "b")), fixture.place.add([TestItem]())
        )
        let alone = try await fixture.tree([a])
        for stack in [[a, b, a], [empty, a, empty], [a, a], [b, b, empty, a, a]] {
            #expect(try await fixture.tree(stack) == alone)
        }
        #expect(try await fixture.names([]).isEmpty)
        #expect(try await fixture.names([empty]).isEmpty)
    }

    @Test func bothWaysShowTheSame() async throws {
        let place = try TestStore()
        let layers = try [
            place.add([
                .directory("usr"), .directory("usr/lib", mode: 0o751, uid: 3), .symlink("lib", "usr/lib"),
                .file("usr/lib/a"),
            ]),
            place.add([.file("lib/b", "b"), .link("lib/c", to: "lib/b"), .whiteout("lib/.wh.a")]),
            place.add([.file("usr/lib/x/y/z", "z")]),
        ]
        var trees: [TreeDescription] = []
        for kind in SnapshotterKind.allCases {
            let snapshot = try await kind.make(place.store).readOnly(layers, ids: nil)
            trees.append(try TreeDescription(of: snapshot.rootDescriptor.rawValue))
        }
        #expect(TreeDescription.difference(trees[0], trees[1]) == [])
    }

    /// Archives nobody would write: both ways show the same of them, or refuse them alike.
    @Test(arguments: 1...40)
    func bothWaysAgreeAboutAnyStack(_ seed: UInt64) async throws {
        var generator = SplitMix(state: seed)
        func path() -> String {
            (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                ["a", "b", "c"].randomElement(using: &generator) ?? ""
            }
            .joined(separator: "/")
        }
        let place = try TestStore()
        var layers: [DiffID] = []
        for _ in 0..<4 {
            var items: [TestItem] = []
            for number in 0..<Int.random(in: 1...8, using: &generator) {
                let path = path()
                let (parent, name) = (path.split(separator: "/").dropLast().map { $0 + "/" }.joined(), path.last ?? "a")
                switch Int.random(in: 0..<8, using: &generator) {
                case 0, 1: items.append(.directory(path, mode: 0o700 + UInt16(number)))
                case 2: items.append(.whiteout("\(parent).wh.\(name)"))
                case 3 where number > 3: items.append(.whiteout("\(parent).wh..wh..opq"))
                case 4:
                    items.append(.symlink(path, ["a", "/b", "../c", "b/c"].randomElement(using: &generator) ?? "a"))
                default: items.append(.file(path, "\(seed) \(number)"))
                }
            }
            layers.append(try place.add(items))
        }
        func show(_ kind: SnapshotterKind) async throws -> [String] {
            do {
                let snapshot = try await kind.make(place.store).readOnly(layers, ids: nil)
                return try TreeDescription(of: snapshot.rootDescriptor.rawValue).lines.values.sorted()
            } catch let error as StorageError {
                return [error.code == .invalidLayer ? "\(error.cause ?? error)" : "\(error)"]
            }
        }
        let (mounted, unpacked) = (try await show(.mounting), try await show(.unpacking))
        #expect(mounted == unpacked)
    }

    // MARK: Layers that depend on their place

    @Test(arguments: SnapshotterKind.allCases)
    func directoriesThatALayerOnlyImpliesAreAsBelow(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let below = try fixture.add(
            .directory("home", mode: 0o711, uid: 5, attributes: ["user.a": [1]]),
            .directory("home/u", mode: 0o700, uid: 1000))
        let other = try fixture.add(.directory("home", mode: 0o755, uid: 6))
        let layer = try fixture.add(.file("home/u/f"), .file("new/f"))
        let tree = try await fixture.tree([below, layer])
        #expect(tree.lines[Array("home".utf8)] == "home directory 711 5:5 user.a=\(Digest.of([1]).short)")
        #expect(tree.lines[Array("home/u".utf8)] == "home/u directory 700 1000:1000")
        #expect(tree.lines[Array("new".utf8)] == "new directory 755 0:0")
        #expect(try await fixture.tree([other, layer]).lines[Array("home".utf8)] == "home directory 755 6:6")
        #expect(try await fixture.tree([layer]).lines[Array("home".utf8)] == "home directory 755 0:0")
    }

    @Test(arguments: SnapshotterKind.allCases)
    func entriesBelowALinkOfALowerLayerGoWhereItLeads(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let below = try fixture.add(
            .symlink("abs", "/usr/lib"), .symlink("out", "../../etc"), .directory("etc"), .symlink("lib", "usr/lib"),
            .directory("usr"), .directory("usr/lib", mode: 0o700), .file("usr/lib/old"))
        let layer = try fixture.add(
            .file("lib/a"), .file("abs/b"), .file("out/c"), .whiteout("lib/.wh.old"))
        #expect(
            try await fixture.names([below, layer])
                == ["abs", "etc", "etc/c", "lib", "out", "usr", "usr/lib", "usr/lib/a", "usr/lib/b"])
        #expect(try await fixture.tree([below, layer]).lines[Array("usr/lib".utf8)] == "usr/lib directory 700 0:0")
        // A layer that has the directory itself replaces the link.
        let replacing = try fixture.add(.directory("lib"), .file("lib/a"))
        #expect(try await fixture.names([below, replacing]).contains("usr/lib/old"))
        #expect(try await fixture.names([below, replacing]).contains("lib/a"))
        // Another layer in between may have replaced it.
        #expect(try await fixture.names([below, replacing, layer]).contains("usr/lib/old"))
    }

    @Test(arguments: SnapshotterKind.allCases)
    func rootIsAsTheTopmostLayerThatHasItSays(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = try [fixture.add(.directory("", mode: 0o750, uid: 4)), fixture.add(.file("x"))]
        let snapshot = try await fixture.writable(layers)
        let root = try FileStatus.of(snapshot.rootDescriptor.rawValue)
        #expect(root.mode == 0o750)
        #expect(root.uid == fixture.ids.base + 4)
        #expect(try fixture.paths(of: try await fixture.commit(snapshot, over: layers).layer) == [])
        let changed = try await fixture.step(layers, "chmod 711 .")
        #expect(try fixture.paths(of: changed.layer) == [""])
        let next = try await fixture.writable(layers + [changed.layer.diffID])
        #expect(try FileStatus.of(next.rootDescriptor.rawValue).mode == 0o711)
        withExtendedLifetime((snapshot, next)) {}
    }

    // MARK: Damage

    @Test(arguments: SnapshotterKind.allCases)
    func cutOrGrownTarsAreNotShown(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layer = try fixture.add(.file("x", String(repeating: "x", count: 5000)))
        #expect(try await fixture.names([layer]) == ["x"])
        let path = fixture.place.store.layers.tarPath(of: layer)
        for size in [2048, 600, 0] {
            #expect(truncate(path.string, off_t(size)) == 0)
            let fresh = kind.make(fixture.place.store)
            let error = await #expect(throws: StorageError.self) { try await fresh.readOnly([layer], ids: nil) }
            #expect(error?.code == .damaged, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test(arguments: SnapshotterKind.allCases)
    func damagedDerivedFilesAreMadeAgain(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layer = try fixture.add(.file("x", "x"), .directory("d"), .file("d/y"))
        let expected = try await fixture.tree([layer])
        let path =
            kind == .mounting
            ? fixture.place.store.layers.indexPath(of: layer)
            : fixture.place.path.appending("unpacked/\(layer.digest.hex)/marks")
        let good = try Data(contentsOf: URL(fileURLWithPath: path.string))
        var flipped = good
        flipped[flipped.count / 3] ^= 1
        for bad in [flipped, Data(), good.dropLast(), Data([UInt8](repeating: 7, count: 8192))] {
            try bad.write(to: URL(fileURLWithPath: path.string))
            let snapshot = try await kind.make(fixture.place.store).readOnly([layer], ids: nil)
            #expect(try TreeDescription(of: snapshot.rootDescriptor.rawValue) == expected)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == good)
        }
    }

    @Test(arguments: SnapshotterKind.allCases)
    func missingLayerIsNamed(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let missing = DiffID(Digest.of([9]))
        let error = await #expect(throws: StorageError.self) {
            try await fixture.snapshotter.readOnly([missing], ids: nil)
        }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains(missing.description) == true)
    }

    // MARK: Resources

    @Test(arguments: SnapshotterKind.allCases)
    func buildsAtTheSameTimeShareLayers(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        let layers = try (0..<5).map { try fixture.add(.file("f\($0)", "\($0)"), .file("shared", "\($0)")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    let ids = IDMapping(base: 400_000 + UInt32(number) * 65_536)
                    let snapshot = try await fixture.snapshotter.writable(
                        layers, ids: ids, upper: UpperPolicy(disk: fixture.place.work))
                    #expect(
                        try FileStatus.of(Array("shared".utf8), in: snapshot.rootDescriptor.rawValue).uid == ids.base)
                    let file = try FileCreation.makeFile(
                        named: Array("own\(number)".utf8), in: snapshot.rootDescriptor.rawValue)
                    #expect(fchown(file.rawValue, ids.base, ids.base) == 0)
                    let names = try DirectoryListing.names(in: snapshot.rootDescriptor.rawValue)
                    #expect(names.filter { $0.starts(with: "own".utf8) }.count == 1)
                    let layer = try await fixture.commit(snapshot, over: layers).layer
                    #expect(try fixture.paths(of: layer) == ["own\(number)"])
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: SnapshotterKind.allCases)
    func nothingIsLeftMountedOrOpen(_ kind: SnapshotterKind) async throws {
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let fixture = try SnapshotFixture(kind)
        let layers = try [fixture.add(.file("a")), fixture.add(.file("b"))]
        _ = try await fixture.writable(layers)
        let before = try descriptors()
        for round in 0..<200 {
            let snapshot = try await fixture.writable(
                layers, memory: round % 2 == 0 ? nil : MemoryBudget(total: 1 << 20, share: 1 << 20))
            _ = try await fixture.snapshotter.readOnly(layers, ids: fixture.ids)
            withExtendedLifetime(snapshot) {}
        }
        // Other tests run beside this one and close what they open; a leak shows 200 or more, and stays.
        var rounds = 0
        while try descriptors() >= before + 150, rounds < 100 {
            rounds += 1
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(try descriptors() < before + 150)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        // Other tests mount places of their own meanwhile.
        #expect(!mounts.contains(fixture.place.store.root.string))
        #expect(!mounts.contains(" erofs "))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.place.work.string) == [])
    }
}

/// Small, and the same on every host.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
