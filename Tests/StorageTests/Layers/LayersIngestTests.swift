import Archive
import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

@Suite struct LayersIngestTests {
    private let scratch: Scratch
    private let store: Store

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    /// A tree of `count` files packed by GNU tar.
    private func tar(files count: Int = 20) throws -> [UInt8] {
        let tree = try Scratch()
        for index in 0..<count {
            let directory = tree.path.appending("d\(index % 5)").string
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let size = index * 1000
            try tree.write([UInt8](repeating: UInt8(index % 256), count: size), to: "d\(index % 5)/f\(index)")
        }
        return try run(["tar", "-c", "--format=posix", "--sort=name", "."], in: tree.path)
    }

    private func descriptor(_ blob: [UInt8]) -> Descriptor { Descriptor(of: blob, mediaType: .ociLayerGzip) }

    private func layerFiles() throws -> [String] {
        try scratch.files().filter { $0.hasPrefix("store/layers/") || $0.hasPrefix("store/blobs/") }
    }

    @Test(arguments: ["cat", "gzip", "zstd", "xz", "bzip2"])
    func layerArrivesWhateverItsCompression(_ program: String) async throws {
        let tar = try tar()
        let blob = program == "cat" ? tar : try run([program, "-c"], input: tar)
        let descriptor = descriptor(blob)
        let layer = try await store.layers.ingest(BlobStream(blob, piece: 5000), descriptor: descriptor)
        #expect(layer.diffID.digest == .of(tar) && layer.size == Int64(tar.count))
        #expect(try scratch.bytes("store/layers/\(layer.diffID.digest.hex).tar") == tar)
        #expect(try store.layers.entries(of: layer.diffID).count == layer.entryCount)
        #expect(store.blobs.contains(descriptor.digest))
        #expect(try store.layers.origin(of: layer.diffID) == descriptor)
        #expect(try store.check().isSound)
        #expect(try scratch.store().layers.entries(of: layer.diffID) == store.layers.entries(of: layer.diffID))
    }

    @Test func layerMayCarryItsBlobAway() async throws {
        let blob = try run(["gzip", "-c"], input: try tar())
        _ = try await store.layers.ingest(BlobStream(blob), descriptor: descriptor(blob), keepsBlob: false)
        #expect(!store.blobs.contains(descriptor(blob).digest))
    }

    @Test func severalLayersArriveAtOnce() async throws {
        let tars = try (1...6).map { try tar(files: $0 * 7) }
        let blobs = try tars.map { try run(["gzip", "-c"], input: $0) }
        let layers = try await withThrowingTaskGroup(of: DiffID.self) { group in
            for blob in blobs + blobs {
                group.addTask {
                    try await store.layers.ingest(BlobStream(blob), descriptor: descriptor(blob)).diffID
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(layers == Set(tars.map { DiffID(.of($0)) }))
        #expect(try store.check().isSound)
        #expect(try layerFiles().count == 18)
    }

    @Test(arguments: ["digest", "diffID", "truncated", "larger", "corrupt", "no archive", "hostile", "bomb", "dropped"])
    func wrongLayerLeavesNothing(_ fault: String) async throws {
        let tar = try tar()
        var blob = try run(["gzip", "-c"], input: tar)
        var expected: DiffID?
        var code = StorageError.Code.contentMismatch
        var descriptor = descriptor(blob)
        var limit = Int64.max
        switch fault {
        case "digest": descriptor.digest = .of([])
        case "diffID": expected = DiffID(.of([]))
        case "truncated": blob.removeLast(1000)
        case "larger": blob.append(0)
        case "corrupt":
            // The blob is what was promised; its content is not.
            blob[blob.count / 2] ^= 1
            descriptor = self.descriptor(blob)
            code = .invalidLayer
        case "no archive":
            blob = try run(["gzip", "-c"], input: Array(repeating: 65, count: 5000))
            descriptor = self.descriptor(blob)
            code = .invalidLayer
        case "hostile":
            var header: [UInt8] = []
            try TarHeader.append(
                TarEntry(path: EntryPath(unchecked: Array("a/../../x".utf8)), kind: .fifo, mode: 0), to: &header)
            blob = try run(["gzip", "-c"], input: header + TarHeader.end)
            descriptor = self.descriptor(blob)
            code = .invalidLayer
        case "bomb":
            (limit, code) = (10_000, .limit)
        default: break
        }
        var stream = BlobStream(blob)
        if fault == "dropped" {
            let start = BlobStream(Array(blob.prefix(blob.count / 2)), piece: 100)
            stream = BlobStream {
                var iterator = start.makeAsyncIterator()
                guard let chunk = try await iterator.next() else {
                    throw StorageError(.contentMismatch, "connection reset")
                }
                return chunk
            }
        }
        let error = await #expect(throws: StorageError.self) {
            _ = try await store.layers.ingest(stream, descriptor: descriptor, expecting: expected, sizeLimit: limit)
        }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(try layerFiles().isEmpty)
    }

    @Test func damageOnTheWayIsNotTakenForABadImage() async throws {
        let blob = try run(["gzip", "-c"], input: try tar())
        let descriptor = descriptor(blob)
        for position in stride(from: 0, to: blob.count, by: max(1, blob.count / 50)) {
            var spoiled = blob
            spoiled[position] ^= 0x40
            let error = await #expect(throws: StorageError.self) {
                _ = try await store.layers.ingest(BlobStream(spoiled), descriptor: descriptor)
            }
            #expect(error?.code == .contentMismatch)
        }
        #expect(try layerFiles().isEmpty)
    }

    @Test(.enabled(if: getuid() == 0, "mounts a small file system"))
    func fullDiskIsSaidAndLeavesAConsistentStore() async throws {
        let mount = SharedDescriptor(try DetachedMount.tmpfs(size: 2 << 20).release())
        let store = try Store.open(at: FilePath("/proc/self/fd/\(mount.rawValue)/store"))
        let noise = (0..<400_000).flatMap { withUnsafeBytes(of: UInt64($0) &* 0x9E37_79B9_7F4A_7C15) { Array($0) } }
        let small = try store.layers.write(epoch: 0) { try $0.append("small", text: "x") }
        let error = #expect(throws: StorageError.self) {
            try store.layers.write(epoch: 0) { try $0.append(.file("big", size: noise.count), .bytes(noise)) }
        }
        #expect(error?.code == .diskFull)
        #expect(
            error?.message.contains("\(store.root)") == true && error?.message.contains("bytes are available") == true)

        let source = try self.store.layers.write(epoch: 0) {
            try $0.append(.file("big", size: noise.count), .bytes(noise))
        }
        let blob = try await self.store.layers.compressed(source.diffID, as: .gzip)
        let arriving = await #expect(throws: StorageError.self) {
            _ = try await store.layers.ingest(try self.store.blobs.stream(blob.digest), descriptor: blob)
        }
        #expect(arriving?.code == .diskFull && arriving?.message.contains("more are needed") == true)
        let kept = await #expect(throws: StorageError.self) {
            try await store.blobs.ingest(try self.store.blobs.stream(blob.digest), expecting: blob)
        }
        #expect(kept?.code == .diskFull)

        #expect(try store.check().isSound)
        #expect(try store.layers.all() == [small.diffID])
        _ = try store.layers.write(epoch: 0) { try $0.append("next", text: "y") }
    }
}
