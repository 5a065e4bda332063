import OCI
import Storage
import Testing

@Suite struct ContentLeaseTests {
    private let scratch: Scratch
    private let store: Store

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    @Test func leasedContentStaysUntilTheLeaseEnds() throws {
        let blob = try store.blobs.put([1])
        let layer = try store.layers.write(epoch: 0) { try $0.append("file", text: "x") }.diffID
        var lease: Lease? = try store.lease()
        try lease?.protect([blob])
        try lease?.protect([layer])
        // Another opening stands for another process: locks belong to open files.
        let other = try scratch.store()
        for store in [store, other] {
            #expect(throws: StorageError.self) { try store.blobs.remove(blob) }
            let error = #expect(throws: StorageError.self) { try store.layers.remove(layer) }
            #expect(error?.code == .inUse)
        }
        #expect(store.blobs.contains(blob) && store.layers.contains(layer))
        lease = nil
        try other.blobs.remove(blob)
        try other.layers.remove(layer)
        #expect(!store.blobs.contains(blob) && !store.layers.contains(layer))
        #expect(try scratch.files().allSatisfy { !$0.hasPrefix("store/layers/") })
    }

    @Test func leaseOfADeadProcessProtectsNothing() throws {
        let blob = try store.blobs.put([1])
        try scratch.write(Array("\(blob.hex)\n".utf8), to: "store/leases/deadbeef-1-1")
        try store.blobs.remove(blob)
        #expect(!store.blobs.contains(blob))
    }

    @Test func manyLeasesAtOnce() async throws {
        let blobs = try (0..<20).map { try store.blobs.put([UInt8($0)]) }
        let leases = try await withThrowingTaskGroup(of: Lease.self) { group in
            for blob in blobs {
                group.addTask {
                    let lease = try store.lease()
                    try lease.protect([blob])
                    return lease
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for blob in blobs { #expect(throws: StorageError.self) { try store.blobs.remove(blob) } }
        withExtendedLifetime(leases) {}
    }
}
