import OCI
import Storage
import Testing

@Suite struct ContentBlobTests {
    private let scratch: Scratch
    private let store: Store
    private let bytes = Array(String(repeating: "some blob ", count: 10_000).utf8)

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private var descriptor: Descriptor { Descriptor(of: bytes, mediaType: .ociConfig) }

    private func blobFiles() throws -> [String] { try scratch.files().filter { $0.hasPrefix("store/blobs/") } }

    @Test func blobIsKeptUnderItsDigest() async throws {
        try await store.blobs.ingest(BlobStream(bytes), expecting: descriptor)
        #expect(store.blobs.contains(descriptor.digest))
        #expect(try store.blobs.read(descriptor.digest) == bytes)
        let rest = try await store.blobs.stream(descriptor.digest, from: 10).collect(upTo: bytes.count)
        #expect(rest.elementsEqual(bytes.dropFirst(10)))
        #expect(try blobFiles() == ["store/blobs/sha256/\(descriptor.digest.hex)"])
        #expect(try store.blobs.all() == [descriptor.digest])
    }

    @Test func putKeepsBytesOnce() throws {
        #expect(try store.blobs.put(bytes) == descriptor.digest)
        #expect(try store.blobs.put(bytes) == descriptor.digest)
        #expect(try blobFiles().count == 1)
    }

    @Test(arguments: ["another digest", "truncated", "too large", "broken off"])
    func wrongBlobLeavesNothing(_ fault: String) async throws {
        var descriptor = descriptor
        var stream = BlobStream(bytes)
        struct Dropped: Error {}
        switch fault {
        case "another digest": descriptor.digest = .of([1])
        case "truncated": stream = BlobStream(bytes.dropLast())
        case "too large": stream = BlobStream(bytes + [0])
        default:
            let start = BlobStream(Array(bytes.prefix(30_000)))
            stream = BlobStream {
                var iterator = start.makeAsyncIterator()
                guard let chunk = try await iterator.next() else { throw Dropped() }
                return chunk
            }
        }
        let error = await #expect(throws: (any Error).self) {
            try await store.blobs.ingest(stream, expecting: descriptor)
        }
        #expect(error is Dropped || (error as? StorageError)?.code == .contentMismatch)
        #expect(try blobFiles().isEmpty)
        #expect(!store.blobs.contains(descriptor.digest))
    }

    @Test func damagedBlobIsNotReadOut() throws {
        try store.blobs.put(bytes)
        var spoiled = bytes
        spoiled[500] ^= 1
        try scratch.write(spoiled, to: "store/blobs/sha256/\(descriptor.digest.hex)")
        let error = #expect(throws: StorageError.self) { try store.blobs.read(descriptor.digest) }
        #expect(error?.code == .damaged)
    }

    @Test func absentBlobIsNotFound() throws {
        let error = #expect(throws: StorageError.self) { try store.blobs.read(descriptor.digest) }
        #expect(error?.code == .notFound)
        try store.blobs.remove(descriptor.digest)
    }

    @Test func manyIngestsOfOneBlobAgree() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { try await store.blobs.ingest(BlobStream(bytes), expecting: descriptor) }
            }
            try await group.waitForAll()
        }
        #expect(try blobFiles().count == 1)
    }
}
