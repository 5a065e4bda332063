import Archive
import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ErofsIndexTests {
    // MARK: What it refuses

    static let refused: [(name: String, items: [TestItem], message: String)] = [
        ("zero device", [.node("d", .characterDevice(major: 0, minor: 0))], "device 0:0"),
        ("large device", [.node("d", .blockDevice(major: 5000, minor: 0))], "no kernel has"),
        ("missing target", [.link("a", to: "b")], "does not hold before it"),
        ("later target", [.link("a", to: "b"), .file("b")], "does not hold before it"),
        ("directory target", [.directory("b"), .link("a", to: "b")], "hard link to the directory"),
        ("root file", [.file("")], "the root of a layer is a directory"),
        ("below a file", [.file("a"), .file("a/b")], "`a` is not a directory"),
        ("below a whiteout", [.file(".wh.a/b")], "are whiteouts"),
        ("whiteout of nothing", [.file(".wh.")], "whiteout of no name"),
        ("whiteout of the parent", [.file("a/.wh...")], "whiteout of no name"),
        ("empty link", [.symlink("a", "")], "no file system holds"),
        ("link loop", [.symlink("a", "b"), .symlink("b", "a"), .file("a/x")], "too many symbolic links"),
        (
            "many attributes", [.file("a", attributes: ["user.a": .init(repeating: 0, count: 65536)])],
            "extended attributes"
        ),
    ]

    @Test(arguments: refused)
    func whatMeansDifferentThingsElsewhereIsRefused(_ name: String, _ items: [TestItem], _ message: String) {
        let error = #expect(throws: StorageError.self) { try index(of: items.map(\.entry), size: 1 << 20) }
        #expect(error?.code == .invalidLayer)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    static let badSegments: [(name: String, segments: [TarEntry.Segment])] = [
        ("unaligned offset", [.init(offset: 100, length: 512, storedAt: 512)]),
        ("unaligned place", [.init(offset: 512, length: 512, storedAt: 700)]),
        ("unaligned end", [.init(offset: 0, length: 100, storedAt: 512)]),
        ("overlap", [.init(offset: 0, length: 1024, storedAt: 512), .init(offset: 512, length: 512, storedAt: 2048)]),
        ("past the file", [.init(offset: 8192, length: 1024, storedAt: 512)]),
        ("past the archive", [.init(offset: 0, length: 8192, storedAt: 1 << 20)]),
    ]

    @Test(arguments: badSegments)
    func sparseFilesWithoutBlocksAreRefused(_ name: String, _ segments: [TarEntry.Segment]) {
        let entry = TarEntry(
            path: EntryPath("s")!, kind: .file(size: 8704, offset: 512, segments: segments), mode: 0o644)
        #expect(throws: StorageError.self) { try index(of: [entry], size: 1 << 20) }
    }

    @Test func indexOfAHostileSparseMapIsBounded() {
        let size = Int64(1) << 40
        let entry = TarEntry(
            path: EntryPath("s")!,
            kind: .file(size: size, offset: 512, segments: [.init(offset: 512, length: 512, storedAt: 512)]),
            mode: 0o644)
        let error = #expect(throws: StorageError.self) { try index(of: [entry], size: 1 << 20) }
        #expect(error?.message.contains("MiB") == true)
    }

    @Test func contentBeyondTheArchiveIsRefused() {
        let entry = TarEntry(path: EntryPath("f")!, kind: .file(size: 513, offset: 512, segments: nil), mode: 0o644)
        #expect(throws: StorageError.self) { try index(of: [entry], size: 1024) }
        #expect(throws: Never.self) { try index(of: [entry], size: 1025) }
    }

    private func index(of entries: [TarEntry], size: Int64) throws -> [UInt8] {
        try ErofsIndex.build(entries: entries, tarSize: size, diffID: DiffID(Digest.of([])))
    }

    // MARK: What it is

    @Test func indexIsAFunctionOfTheArchive() throws {
        let items: [TestItem] = (0..<2000).map { .file("d\($0 % 50)/f\($0)", String(repeating: "x", count: $0)) }
        let (entries, size) = try TestItem.entries(items)
        let id = DiffID(Digest.of([1]))
        let first = try ErofsIndex.build(entries: entries, tarSize: size, diffID: id)
        #expect(try ErofsIndex.build(entries: entries, tarSize: size, diffID: id) == first)
        #expect(try ErofsIndex.build(entries: entries, tarSize: size, diffID: DiffID(Digest.of([2]))) != first)
    }

    @Test func manyChangesOfOneNameTakeLinearTime() throws {
        var items: [TestItem] = []
        for round in 0..<2000 {
            items.append(.directory("d"))
            items += (0..<10).map { .file("d/\($0)") }
            items.append(round % 2 == 0 ? .file("d") : .symlink("d", "e"))
        }
        #expect(try index(of: items.map(\.entry), size: 1 << 30).count == 4096)
    }

    @Test func deepTreesNeedNoStack() throws {
        let path = (0..<2000).map { _ in "d" }.joined(separator: "/")
        let image = try index(of: [TestItem.file(path + "/f").entry], size: 1 << 20)
        #expect(image.count > 2000 * 64)
    }

    // MARK: What the kernel shows

    /// By erofs-utils, where they are installed and read blocks of 512 bytes (1.6 and later).
    private func check(_ index: FilePath) async throws {
        guard TestHost.hasFsck else { return }
        let result = try await Command("/usr/bin/fsck.erofs", [index.string]).run()
        if result.errorText.contains("isn't supported on this platform") { return }
        #expect(result.status.isSuccess, "\(result.errorText)")
    }

    /// Trees made on disk, archived by GNU tar, indexed, and compared with what GNU tar extracts.
    static let trees: [(name: String, script: String)] = [
        (
            "sizes",
            "for n in 0 1 511 512 513 4095 4096 4097 1048575 1048576 1048577; do head -c $n /dev/urandom > f$n; done"
        ),
        (
            "names",
            #"for i in $(seq 1 254); do [ $i = 46 ] || [ $i = 47 ] || : > "$(printf "\\$(printf %o $i)")_$i"; done; : > $(printf 'n%.0s' $(seq 255)); : > -a; : > '!b'; : > ..c"#
        ),
        (
            "links",
            "for n in 1 100 383 384 385 447 448 449 900 4000; do ln -s $(head -c $n /dev/zero | tr '\\0' x | fold -w 200 | paste -sd/) l$n; done; echo x > f; ln f g; mkdir d; ln f d/h; ln l100 d/l"
        ),
        (
            "directories",
            "mkdir one; for i in $(seq 3000); do : > one/$i-name-of-some-length; done; mkdir many; for i in $(seq 300); do mkdir many/$i; : > many/$i/f; done; mkdir empty"
        ),
        (
            "kinds",
            "mkfifo p; mknod b b 259 300000; mknod c c 1 3; echo > s; chmod 6755 s; mkdir t; chmod 1777 t; chown 4294967294:7 s"
        ),
        (
            "times",
            "touch -d '1969-12-31T23:59:58.25' a; touch -d 2240-01-01 b; touch -d '2020-01-01T00:00:00.123456789' c"
        ),
        (
            "attributes",
            "for i in $(seq 1 8 57) 60; do : > f$i; for j in $(seq $i); do setfattr -n user.a$j -v v$(head -c $((i*j%40)) /dev/zero | tr '\\0' v) f$i; done; done; : > cap; setcap cap_net_raw+ep cap; mkdir d; setfattr -n user.x -v y d; head -c 2500 /dev/zero | tr '\\0' z > big; setfattr -n user.big -v $(cat big) big"
        ),
        ("deep", "d=$(printf 'some-directory-name-of-forty-characters--/%.0s' $(seq 60)); mkdir -p $d; echo x > $d/f"),
        (
            "sparse",
            "truncate -s 1M hole; truncate -s 30M a; dd if=/dev/urandom of=a bs=4k seek=5 count=3 conv=notrunc status=none; dd if=/dev/urandom of=a bs=4k seek=7000 count=1 conv=notrunc status=none; echo end >> a; truncate -s 200M b; echo x >> b"
        ),
    ]

    @Test(.enabled(if: TestHost.isRoot, "mounting needs root"), arguments: trees, ["pax", "gnu"])
    func mountShowsWhatTarExtracts(_ tree: (name: String, script: String), format: String) async throws {
        let place = try TestStore()
        let (source, target) = (place.path.appending("source"), place.path.appending("target"))
        for path in [source, target] {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        }
        try await run("/bin/bash", "-ec", "cd \(source); umask 022; \(tree.script)")
        let tar = place.path.appending("layer.tar").string
        try await run(
            "/bin/tar", "-C", source.string, "-cf", tar, "--format=\(format)", "--xattrs", "--xattrs-include=*", "-S",
            "--numeric-owner", ".")
        try await run(
            "/bin/tar", "-C", target.string, "-xf", tar, "-p", "--xattrs", "--xattrs-include=*", "--numeric-owner",
            "--delay-directory-restore")
        let id = try place.add([UInt8](Data(contentsOf: URL(fileURLWithPath: tar))))
        let index = try place.store.layers.index(of: id)
        try await check(index)
        let mount = try DetachedMount.erofs(
            index: SharedDescriptor(OwnedDescriptor.open(index)), device: place.store.layers.openTar(of: id))
        let shown = try TreeDescription(of: mount.rawValue, directoryTimes: true)
        let extracted = try OwnedDescriptor.open(target, flags: OpenFlags.directory)
        let expected = try TreeDescription(of: extracted.rawValue, directoryTimes: true)
        #expect(TreeDescription.difference(expected, shown) == [])
        #expect(!shown.lines.isEmpty)
    }

    @Test(.enabled(if: TestHost.isRoot, "mounting needs root"))
    func laterEntriesReplaceEarlierOnes() async throws {
        let place = try TestStore()
        let id = try place.add([
            .file("a", "one"), .file("a", "two"), .directory("b", mode: 0o700), .file("b/c"),
            .directory("b", mode: 0o755),
            .directory("c"), .file("c/x"), .file("c", "file"), .file("d", "linked"), .link("e", to: "d"),
            .file("d", "new"),
            .symlink("s", "t"), .directory("t"), .file("s/inside", "followed"), .link("u", to: "s/inside"),
            .file(".wh..wh.plnk/x"), .file("t/.wh..wh.aufs"),
        ])
        let index = try place.store.layers.index(of: id)
        try await check(index)
        let mount = try DetachedMount.erofs(
            index: SharedDescriptor(OwnedDescriptor.open(index)), device: place.store.layers.openTar(of: id))
        let tree = try TreeDescription(of: mount.rawValue, times: false)
        func file(_ path: String, _ text: String) -> String {
            "\(path) file 644 0:0 \(text.utf8.count) \(Digest.of(Array(text.utf8)).short)"
        }
        #expect(
            tree.description.split(separator: "\n").map(String.init) == [
                file("a", "two"), "b directory 755 0:0", file("b/c", ""), file("c", "file"), file("d", "new"),
                file("e", "linked"), "s symbolicLink 777 0:0 t", "t directory 755 0:0", file("t/inside", "followed"),
                file("u", "followed") + " = t/inside",
            ])
    }
}
