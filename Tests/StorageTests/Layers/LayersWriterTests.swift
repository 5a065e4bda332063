import Archive
import OCI
import Storage
import Testing

@Suite struct LayersWriterTests {
    private let scratch: Scratch
    private let store: Store

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private func path(_ text: String) throws -> EntryPath { try #require(EntryPath(text)) }

    private func tar(_ layer: Layer) throws -> [UInt8] {
        try scratch.bytes("store/layers/\(layer.diffID.digest.hex).tar")
    }

    @Test func layerIsNamedByWhatIsInIt() throws {
        let layer = try store.layers.write(epoch: 2000) { writer in
            try writer.append(.directory("dir"))
            try writer.append("dir/file", text: "content")
        }
        #expect(Digest.of(try tar(layer)) == layer.diffID.digest)
        #expect(try layer.entryCount == 2 && layer.size == Int64(tar(layer).count))
        #expect(store.layers.contains(layer.diffID))
        let again = try scratch.store()
        #expect(try again.layers.entries(of: layer.diffID) == store.layers.entries(of: layer.diffID))
        #expect(try store.check().isSound)
    }

    @Test func equalLayersAreOneAndNothingElseStays() throws {
        let layers = try (0..<3).map { _ in try store.layers.write(epoch: 0) { try $0.append("a", text: "x") } }
        #expect(Set(layers).count == 1)
        let files = try scratch.files().filter { $0.hasPrefix("store/layers/") }
        #expect(files.count == 2, "\(files)")
    }

    @Test func emptyLayerIsTwoZeroBlocks() throws {
        let layer = try store.layers.write(epoch: 0) { _ in }
        #expect(layer.diffID.description == "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")
    }

    @Test(
        arguments: [(5000, 2000), (-1, 2000), (1500, 1500), (Int64.max, 2000), (Int64.min, 2000)] as [(Int64, Int64)])
    func timesAreCutToTheEpoch(_ time: Int64, _ expected: Int64) throws {
        let layer = try store.layers.write(epoch: 2000) { writer in
            var entry = TarEntry.directory("d")
            entry.modified = Timestamp(seconds: time, nanoseconds: 7)
            try writer.append(entry)
        }
        #expect(try store.layers.entries(of: layer.diffID)[0].modified == Timestamp(seconds: expected))
    }

    @Test func onlyAttributesOfTheContractAreKeptInOrder() throws {
        let names = [
            "user.b", "security.selinux", "user.overlay.opaque", "trusted.x", "user.a", "security.capability",
            "system.posix_acl_access",
        ]
        let layer = try store.layers.write(epoch: 2000) { writer in
            var entry = TarEntry.directory("d")
            entry.attributes = names.map { ExtendedAttribute(name: Array($0.utf8), value: [1]) }
            try writer.append(entry)
        }
        let kept = try store.layers.entries(of: layer.diffID)[0].attributes.map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(kept == ["security.capability", "user.a", "user.b"])
    }

    @Test func whiteoutIsAnEmptyFileOfTheEpoch() throws {
        let gone = try path("d/gone")
        let layer = try store.layers.write(epoch: 2000) { writer in
            try writer.append(.directory("d"))
            try writer.appendWhiteout(of: gone)
        }
        let entry = try store.layers.entries(of: layer.diffID)[1]
        #expect(entry.path.description == "d/.wh.gone" && entry.mode == 0 && entry.modified.seconds == 2000)
    }

    @Test func contentComesFromFilesAndFromOtherLayers() throws {
        let big = String(repeating: "0123456789abcdef", count: 200_000)
        let first = try store.layers.write(epoch: 0) { writer in
            try writer.append("big", text: big)
            try writer.append("small", text: "x")
        }
        let tar = try store.layers.openTar(of: first.diffID)
        let entries = try store.layers.entries(of: first.diffID)
        let copied = try store.layers.write(epoch: 0) { writer in
            for entry in entries { try writer.append(entry, .archive(tar)) }
        }
        #expect(copied == first)
        guard case .file(_, let offset, _) = entries[0].kind else { return #expect(Bool(false)) }
        let part = try store.layers.write(epoch: 0) { writer in
            try writer.append(.file("part", size: 16), .file(tar, offset: offset + 16))
        }
        #expect(try self.tar(part)[512..<528].elementsEqual("0123456789abcdef".utf8))
        #expect(throws: StorageError.self) {
            try store.layers.write(epoch: 0) { try $0.append(.file("x", size: 1 << 30), .file(tar)) }
        }
    }

    @Test func sparseFilesBecomeDense() throws {
        let source = try store.layers.write(epoch: 0) { try $0.append("s", text: String(repeating: "x", count: 1024)) }
        let layer = try store.layers.write(epoch: 0) { writer in
            var entry = TarEntry.file("s")
            entry.kind = .file(
                size: 3000, offset: 0,
                segments: [
                    TarEntry.Segment(offset: 512, length: 512, storedAt: 512),
                    TarEntry.Segment(offset: 2048, length: 512, storedAt: 1024),
                ])
            try writer.append(entry, .archive(store.layers.openTar(of: source.diffID)))
        }
        let content = Array(try tar(layer)[512..<3512])
        let x = UInt8(ascii: "x")
        #expect(content.indices.allSatisfy { (512..<1024 ~= $0 || 2048..<2560 ~= $0) == (content[$0] == x) })
    }

    @Test(arguments: ["order", "twice", "no parent", "whiteout name", "0:0 device", "size", "root file"])
    func whatIsNoCanonicalLayerIsRefused(_ fault: String) throws {
        let error = #expect(throws: StorageError.self) {
            try store.layers.write(epoch: 0) { writer in
                switch fault {
                case "order":
                    try writer.append("b", text: "")
                    try writer.append("a", text: "")
                case "twice":
                    try writer.append("a", text: "")
                    try writer.append("a", text: "")
                case "no parent": try writer.append("d/a", text: "")
                case "whiteout name": try writer.append(".wh.a", text: "")
                case "0:0 device":
                    var entry = TarEntry.file("x")
                    entry.kind = .characterDevice(major: 0, minor: 0)
                    try writer.append(entry)
                case "size": try writer.append(.file("a", size: 2), .bytes([1]))
                default: try writer.append("", text: "x")
                }
            }
        }
        #expect(error?.code == .invalidLayer)
        #expect(try scratch.files().allSatisfy { !$0.hasPrefix("store/layers/") })
    }

    @Test func orderIsOfBytesOverTheWholePath() throws {
        let layer = try store.layers.write(epoch: 0) { writer in
            try writer.append(.directory(""))
            try writer.append(.directory("a"))
            try writer.append("a-b", text: "")
            try writer.append("a/c", text: "")
            try writer.append("b", text: "")
        }
        #expect(layer.entryCount == 5)
    }

    /// The bytes of layer contract 1. A change here changes every layer ever made: it needs a new contract number.
    @Test func goldenLayerOfContract1() throws {
        let long = String(repeating: "long/", count: 60)
        let source = try store.layers.write(epoch: 0) {
            try $0.append("data", text: String(repeating: "x", count: 700))
        }
        let data = try store.layers.openTar(of: source.diffID)
        let layer = try store.layers.write(epoch: 1_700_000_000) { writer in
            try writer.append(.directory("", mode: 0o711))
            var device = TarEntry(path: try path("a-device"), kind: .characterDevice(major: 1, minor: 3), mode: 0o666)
            device.modified = Timestamp(seconds: 1_800_000_000)
            try writer.append(device)
            try writer.append(.directory("bin", mode: 0o755))
            var capable = TarEntry.file("bin/capable", size: 5, mode: 0o755)
            capable.attributes = [
                ExtendedAttribute(name: Array("user.note".utf8), value: Array("a=b\n".utf8)),
                ExtendedAttribute(
                    name: Array("security.capability".utf8), value: [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16)),
            ]
            try writer.append(capable, .bytes(Array("hello".utf8)))
            try writer.append(
                TarEntry(path: try path("bin/link"), kind: .hardLink(try path("bin/capable")), mode: 0o755))
            try writer.append(.file("bin/setuid", size: 700, mode: 0o4755), .file(data, offset: 512))
            try writer.append(TarEntry(path: try path("fifo"), kind: .fifo, mode: 0o600, uid: 3_000_000, gid: 70_000))
            var directory = ""
            for component in long.split(separator: "/") {
                directory += directory.isEmpty ? String(component) : "/\(component)"
                try writer.append(.directory(directory))
            }
            try writer.append("\(directory)/\(String(repeating: "n", count: 120))", text: "deep")
            try writer.append(
                TarEntry(path: try path("soft"), kind: .symbolicLink(Array((long + "x").utf8)), mode: 0o777))
            try writer.append(TarEntry(path: EntryPath(unchecked: [0x7A, 0xFF, 0xFE]), kind: .directory, mode: 0o1777))
            try writer.appendWhiteout(of: EntryPath(unchecked: [0x7A, 0xFF, 0xFE, 0x2F, 0x61]))
        }
        #expect(layer.diffID.description == Golden.layer)
    }
}

/// Digests that layer contract 1 freezes.
enum Golden {
    static let layer = "sha256:318c3c06469678e9768cdc551d7bc884c1ed696f69036139d04d21edacac5540"
    static let gzip = "sha256:b1adb5fbc8a10636c7305da7e5bd8e3274c478583ca7708c47c3f8432f107d98"
}
