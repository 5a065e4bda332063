import Archive
import Foundation
import Glibc
import Linux
import OCI
import Storage
import SystemPackage
import Testing

/// What a step wrote becomes a layer that shows the same.
@Suite(.enabled(if: TestHost.isRoot, "mounting needs root"), .timeLimit(.minutes(5)))
struct UpperCommitTests {
    static let base: [TestItem] = [
        .directory("a"), .file("a-b", "between"), .file("a/x", "x"), .directory("bin"),
        .file("bin/ping", "ping", attributes: ["user.old": [1]]), .file("bin/su", "su", mode: 0o4755),
        .directory("deep"), .directory("deep/er"), .file("deep/er/f", "f"), .directory("empty"),
        .directory("full"), .file("full/1", "1"), .file("full/2", "2"), .directory("full/sub"),
        .file("full/sub/3", "3"),
        .file("link1", "linked"), .link("link2", to: "link1"), .symlink("s", "a/x"), .file("text", "some text"),
        .directory("work", mode: 0o1777, uid: 12),
    ]

    /// A script and the paths of the layer it makes.
    static let steps: [(name: String, script: String, paths: [String])] = [
        ("nothing", "true", []),
        ("new file", "echo x > new", ["new"]),
        ("new file below", "echo x > deep/er/new", ["deep", "deep/er", "deep/er/new"]),
        ("order", "echo x > a/0; echo y > a-0; echo z > a.", ["a", "a-0", "a.", "a/0"]),
        ("removed", "rm a-b", [".wh.a-b"]),
        ("removed tree", "rm -r full", [".wh.full"]),
        ("removed below", "rm deep/er/f", ["deep", "deep/er", "deep/er/.wh.f"]),
        ("written and removed", "echo x > new; rm new", []),
        (
            "emptied and filled", "rm -r full; mkdir full; echo n > full/2; mkdir full/sub",
            ["full", "full/.wh.1", "full/2", "full/sub", "full/sub/.wh.3"]
        ),
        (
            "emptied, as it was",
            "rm -r full; mkdir full; echo -n 1 > full/1; echo -n 2 > full/2; mkdir full/sub; echo -n 3 > full/sub/3", []
        ),
        ("file for directory", "rm -r full; echo x > full", ["full"]),
        ("directory for file", "rm text; mkdir text; echo x > text/y", ["text", "text/y"]),
        ("link for directory", "rm -r full; ln -s a full", ["full"]),
        ("touched", "touch text bin deep/er/f", []),
        ("same content", "cat text > t; cat t > text; rm t", []),
        ("copied up by a mode there and back", "chmod 600 text; chmod 644 text", []),
        ("mode", "chmod 600 text; chmod 700 deep/er", ["deep", "deep/er", "text"]),
        ("owner", "chown $((B+3)):$((B+4)) text", ["text"]),
        ("attribute", "setfattr -n user.new -v 2 bin/ping", ["bin", "bin/ping"]),
        ("attribute taken", "setfattr -x user.old bin/ping", ["bin", "bin/ping"]),
        ("capability", "setcap cap_net_raw+ep bin/ping", ["bin", "bin/ping"]),
        ("set id", "chmod u+s text; chown $((B+1)) work", ["text", "work"]),
        ("hard links", "ln text t2; echo new > h1; ln h1 a/h2; ln h1 h0", ["a", "a/h2", "h0", "h1", "t2", "text"]),
        ("more on a link", "echo more >> link1", ["link1"]),
        ("nodes", "mkfifo p; mknod c c 1 3; mknod b b 259 3000; ln -s x/y l", ["b", "c", "l", "p"]),
        ("link again", "rm s; ln -s a/x s", []),
        ("link elsewhere", "ln -sfn a-b s", ["s"]),
        ("renamed", "mv text text2; mv bin bon", [".wh.bin", ".wh.text", "bon", "bon/ping", "bon/su", "text2"]),
        ("sparse", "truncate -s 3M hole; echo x >> hole", ["hole"]),
        (
            "on the stubs", "echo 127.0.0.1 x > etc/hosts; rm etc/resolv.conf; mkdir etc/new",
            ["etc", "etc/hosts", "etc/new"]
        ),
    ]

    @Test(arguments: SnapshotterKind.allCases, steps)
    func layerOfAStepShowsWhatTheStepSaw(
        _ kind: SnapshotterKind, _ step: (name: String, script: String, paths: [String])
    ) async throws {
        let fixture = try SnapshotFixture(kind)
        let base = try fixture.place.add(Self.base)
        let snapshot = try await fixture.writable([base])
        let result = try await fixture.change(snapshot, step.script)
        try #require(result.status.isSuccess, "\(result.errorText)")
        let commit = try await fixture.commit(snapshot, over: [base])
        #expect(try fixture.paths(of: commit.layer) == step.paths)
        #expect(commit.warnings == [])

        var seen = try TreeDescription(of: snapshot.rootDescriptor.rawValue, shift: fixture.ids.base, times: false)
        var shown = try await fixture.tree([base, commit.layer.diffID], times: false)
        for stub in MountStubs.directories + MountStubs.files where shown.lines[Array(stub.utf8)] == nil {
            seen.lines[Array(stub.utf8)] = nil
        }
        if step.name.contains("link") {
            // Inode numbers of an overlay do not tell which names are one file once one of them is copied up.
            for path in shown.lines.keys { shown.lines[path] = shown.lines[path]?.components(separatedBy: " = ")[0] }
            for path in seen.lines.keys { seen.lines[path] = seen.lines[path]?.components(separatedBy: " = ")[0] }
        }
        #expect(TreeDescription.difference(seen, shown) == [])
    }

    @Test(arguments: SnapshotterKind.allCases)
    func stepsOnStepsShowWhatTheySaw(_ kind: SnapshotterKind) async throws {
        let fixture = try SnapshotFixture(kind)
        var layers = [try fixture.place.add(Self.base)]
        for script in [
            "rm -r full; mkdir full; echo n > full/new", "rm -r a; echo file > a; rm text",
            "rm a; mkdir a; echo x > a/y; mkdir text",
            "rm -r full; cp -a deep full; chown -R $((B+5)) full", "mv full deep2; echo x > full; ln deep2/er/f a/f",
        ] {
            let snapshot = try await fixture.writable(layers)
            let result = try await fixture.change(snapshot, script)
            try #require(result.status.isSuccess, "\(result.errorText)")
            layers.append(try await fixture.commit(snapshot, over: layers).layer.diffID)
            var seen = try TreeDescription(of: snapshot.rootDescriptor.rawValue, shift: fixture.ids.base, times: false)
            for stub in MountStubs.directories + MountStubs.files { seen.lines[Array(stub.utf8)] = nil }
            #expect(TreeDescription.difference(seen, try await fixture.tree(layers, times: false)) == [])
        }
        #expect(try await fixture.tree(layers).lines[Array("a/f".utf8)]?.contains("5:5") == false)
    }

    @Test func bothWaysMakeTheSameLayers() async throws {
        var layers: [SnapshotterKind: [DiffID]] = [:]
        for kind in SnapshotterKind.allCases {
            let fixture = try SnapshotFixture(kind)
            let base = try fixture.place.add(Self.base)
            for step in Self.steps where !["new file", "hard links"].contains(step.name) {
                let snapshot = try await fixture.writable([base])
                try await fixture.change(
                    snapshot,
                    step.script + "; find . -xdev ! -type l -newermt 2020-01-01 -exec touch -h -d @1700000000 {} + ")
                layers[kind, default: []].append(
                    try await fixture.commit(snapshot, over: [base], epoch: 1_600_000_000).layer.diffID)
            }
        }
        #expect(layers[.mounting] == layers[.unpacking])
    }

    @Test func memoryAndDiskMakeTheSameLayer() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let base = try fixture.place.add(Self.base)
        var layers: Set<DiffID> = []
        for memory in [nil, MemoryBudget(total: 1 << 26, share: 1 << 26)] {
            let snapshot = try await fixture.writable([base], memory: memory)
            let result = try await fixture.change(
                snapshot,
                "for i in $(seq 300); do echo $i > f$i; done; rm -r full; mkdir full; setfattr -n user.a -v b f1; ln f1 f0; mkfifo p"
            )
            try #require(result.status.isSuccess, "\(result.errorText)")
            layers.insert(try await fixture.commit(snapshot, over: [base], epoch: 1000).layer.diffID)
        }
        #expect(layers.count == 1)
    }

    @Test func noChangeIsTheEmptyLayer() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let layer = try await fixture.step([], "true").layer
        #expect(layer.diffID == DiffID(Digest.of([UInt8](repeating: 0, count: 1024))))
        #expect(layer.entryCount == 0)
    }

    @Test func entriesSayWhatTheContractSays() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let base = try fixture.place.add(Self.base)
        let snapshot = try await fixture.writable([base])
        let script = """
            echo x > old; touch -d @500.25 old; echo y > young; echo z > ancient; touch -d 1950-01-01 ancient
            ln young ahead; chown $((B+70)):$((B+80)) old; setcap cap_chown+ep young; setfattr -n user.b -v 2 young
            setfattr -n user.a -v 1 young; rm text; chmod 2755 bin
            """
        let result = try await fixture.change(snapshot, script)
        try #require(result.status.isSuccess, "\(result.errorText)")
        let layer = try await fixture.commit(snapshot, over: [base], epoch: 1000).layer
        let entries = try fixture.place.store.layers.entries(of: layer.diffID)
        let byPath = Dictionary(uniqueKeysWithValues: entries.map { ($0.path.description, $0) })
        #expect(byPath["old"]?.modified == Timestamp(seconds: 500))
        #expect(byPath["old"]?.uid == 70)
        #expect(byPath["old"]?.gid == 80)
        #expect(byPath["ancient"]?.modified == Timestamp(seconds: 1000))
        #expect(byPath["young"]?.kind == .hardLink(EntryPath("ahead")!))
        #expect(byPath["ahead"]?.modified == Timestamp(seconds: 1000))
        #expect(
            byPath["ahead"]?.attributes.map { String(decoding: $0.name, as: UTF8.self) } == [
                "security.capability", "user.a", "user.b",
            ])
        // VFS_CAP_REVISION_2: no root id.
        #expect(byPath["ahead"]?.attributes.first?.value.count == 20)
        #expect(byPath["bin"]?.mode == 0o2755)
        #expect(byPath[".wh.text"]?.mode == 0)
    }

    @Test func capabilitiesOfTheStepsRootBecomePlain() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let snapshot = try await fixture.writable([])
        let file = try FileCreation.makeFile(named: Array("f".utf8), in: snapshot.rootDescriptor.rawValue)
        #expect(fchown(file.rawValue, fixture.ids.base, fixture.ids.base) == 0)
        let base = withUnsafeBytes(of: fixture.ids.base.littleEndian, Array.init)
        let value: [UInt8] = [1, 0, 0, 3, 0, 32, 0, 0] + [UInt8](repeating: 0, count: 12) + base
        try ExtendedAttributes.set(
            Array("security.capability".utf8), to: value, of: Array("f".utf8), in: snapshot.rootDescriptor.rawValue)
        let layer = try await fixture.commit(snapshot, over: []).layer
        let attribute = try fixture.place.store.layers.entries(of: layer.diffID)[0].attributes[0]
        #expect(attribute.value == [1, 0, 0, 2] + value[4..<20])
    }

    @Test func socketsAreLeftOutWithAWarning() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let base = try fixture.place.add(Self.base)
        let commit = try await fixture.step(
            [base], "rm text; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"text\")'; echo x > new")
        #expect(try fixture.paths(of: commit.layer) == [".wh.text", "new"])
        #expect(commit.warnings == ["`/text` is a socket, which layers cannot hold: left out"])
    }

    @Test func ownersBeyondTheStepsAreRefused() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let snapshot = try await fixture.writable([])
        _ = try FileCreation.makeFile(named: Array("roots".utf8), in: snapshot.rootDescriptor.rawValue)
        let error = await #expect(throws: StorageError.self) { try await fixture.commit(snapshot, over: []) }
        #expect(error?.message.contains("cannot commit `/roots`: its owner 0:0") == true, "\(error?.message ?? "")")
    }

    @Test func namesThatMeanDeletionAreRefused() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let snapshot = try await fixture.writable([])
        try await fixture.change(snapshot, "echo x > .wh.x")
        let error = await #expect(throws: StorageError.self) { try await fixture.commit(snapshot, over: []) }
        #expect(error?.message.contains("`.wh.x` cannot be stored") == true, "\(error?.message ?? "")")
    }

    // MARK: Upper directories

    @Test func fullMemorySaysWhichLimit() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let snapshot = try await fixture.writable([], memory: MemoryBudget(total: 4 << 20, share: 2 << 20))
        #expect(snapshot.upper.fullMessage == nil)
        let result = try await fixture.change(snapshot, "head -c 3000000 /dev/zero > big")
        #expect(!result.status.isSuccess)
        #expect(snapshot.upper.fullMessage == "the step wrote more than 2 MiB, the share of one step in memory")
    }

    @Test func stepsBeyondTheBudgetWriteToDisk() async throws {
        let fixture = try SnapshotFixture(.mounting)
        let budget = MemoryBudget(total: 5 << 20, share: 2 << 20)
        var held: [WritableSnapshot] = []
        for _ in 0..<3 { held.append(try await fixture.writable([], memory: budget)) }
        #expect(held.map { $0.upper.place == .memory(limit: 2 << 20) } == [true, true, false])
        guard case .disk(let path) = held[2].upper.place else { return }
        #expect(FileManager.default.fileExists(atPath: path.string))
        try await fixture.change(held[2], "mkdir -p a/b/c; chmod 0 a/b; for i in $(seq 100); do echo > a/$i; done")
        held = []
        #expect(!FileManager.default.fileExists(atPath: path.string))
        #expect(try await fixture.writable([], memory: budget).upper.place == .memory(limit: 2 << 20))
    }

    @Test func probeFindsAWayOnThisHost() async throws {
        let place = try TestStore()
        let probe = await SnapshotterProbe.run(place.store, ids: IDMapping(base: 300_000))
        #expect(probe.snapshotter != nil)
        #expect(probe.results.last?.refusal == nil)
        #expect(probe.results.dropLast().allSatisfy { $0.refusal != nil })
    }
}
