import Foundation
import OCI
import Storage
import Testing

@Suite struct LayersCompressionTests {
    private let scratch: Scratch
    private let store: Store
    private let layer: Layer

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
        layer = try store.layers.write(epoch: 0) { writer in
            try writer.append("text", text: (0..<300_000).map { "line \($0)\n" }.joined())
        }
    }

    @Test(arguments: LayerCompression.allCases)
    func blobIsMadeOnceAndAgainWhenItIsGone(_ compression: LayerCompression) async throws {
        #expect(try compression == .none || store.layers.knownBlob(of: layer.diffID, as: compression) == nil)
        let blob = try await store.layers.compressed(layer.diffID, as: compression)
        #expect(blob.mediaType == compression.ociMediaType)
        #expect(try store.layers.knownBlob(of: layer.diffID, as: compression) == blob)
        #expect(store.blobs.contains(blob.digest))
        #expect(try await store.layers.compressed(layer.diffID, as: compression) == blob)

        try store.blobs.remove(blob.digest)
        #expect(try store.layers.knownBlob(of: layer.diffID, as: compression) == blob)
        #expect(try await store.layers.compressed(layer.diffID, as: compression) == blob)

        let elsewhere = try Scratch()
        let other = try elsewhere.store()
        let arrived = try await other.layers.ingest(
            store.blobs.stream(blob.digest), descriptor: blob, expecting: layer.diffID)
        #expect(arrived == layer)
    }

    @Test func levelsAreDifferentBlobs() async throws {
        let fast = try await store.layers.compressed(layer.diffID, as: .gzip, level: 1)
        let small = try await store.layers.compressed(layer.diffID, as: .gzip, level: 9)
        #expect(small.size < fast.size)
        #expect(try await store.layers.compressed(layer.diffID, as: .gzip) == fast)
    }

    /// What libdeflate makes at level 1 is part of layer contract 1.
    @Test func goldenBlobOfContract1() async throws {
        let blob = try await store.layers.compressed(layer.diffID, as: .gzip)
        #expect(blob.digest.description == Golden.gzip)
    }

    @Test(arguments: LayerCompression.allCases)
    func damagedLayerIsNeverSentOut(_ compression: LayerCompression) async throws {
        let path = "store/layers/\(layer.diffID.digest.hex).tar"
        var tar = try scratch.bytes(path)
        tar[5000] ^= 1
        try scratch.write(tar, to: path)
        let error = await #expect(throws: StorageError.self) {
            _ = try await store.layers.compressed(layer.diffID, as: compression)
        }
        #expect(error?.code == .damaged)
        #expect(try store.blobs.all().isEmpty)
    }
}
