import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// A store never takes more than its quota, whoever writes to it.
@Suite struct QuotaTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open(_ mebibytes: Int) throws -> Store {
        try Store.open(at: scratch.path.appending("store"), quota: Int64(mebibytes << 20))
    }

    private func blob(_ seed: UInt8, _ mebibytes: Int = 1) -> [UInt8] {
        var bytes = [UInt8](repeating: seed, count: mebibytes << 20)
        bytes[0] = 255 - seed
        return bytes
    }

    @Test func whatWasUsedLongestAgoMakesRoom() throws {
        let store = try open(20)
        var digests: [Digest] = []
        for number in 0..<30 {
            digests.append(try store.blobs.put(blob(UInt8(number))))
            // Use is told apart by the second, and all this takes less than one.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000 + Double(number))],
                ofItemAtPath: store.blobs.path(of: digests[number]).string)
            guard number.isMultiple(of: 3) else { continue }
            let usage = try store.usage()
            #expect(usage.total <= 20 << 20, "\(usage)")
        }
        #expect(store.blobs.contains(digests[29]) && !store.blobs.contains(digests[0]))
        #expect(try store.blobs.all().count > 8)
        #expect(try store.check().findings.isEmpty)
    }

    @Test func severalProcessesShareOneQuota() async throws {
        let stores = try (0..<4).map { _ in try open(16) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    for number in 0..<8 {
                        try store.blobs.put(blob(UInt8(index * 20 + number)))
                        // Three others may be writing a blob just now.
                        #expect(try store.usage().total <= 19 << 20)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func whatIsHeldIsNotTakenAndTheErrorSaysSo() throws {
        let store = try open(12)
        let lease = try store.lease()
        var digests: [Digest] = []
        let error = #expect(throws: StorageError.self) {
            for number in 0..<20 { digests.append(try store.blobs.put(blob(UInt8(number)))) }
        }
        #expect(error?.code == .overQuota)
        let text = try #require(error?.message)
        #expect(text.contains("missing: running builds hold"), "\(text)")
        #expect(digests.count >= 6 && digests.allSatisfy(store.blobs.contains))
        #expect(try store.usage().total <= 12 << 20)
        withExtendedLifetime(lease) {}
    }

    @Test func blobThatNeverFitsIsRefusedBeforeItArrives() async throws {
        let store = try open(8)
        let bytes = blob(1, 9)
        let error = await #expect(throws: StorageError.self) {
            try await store.blobs.ingest(
                BlobStream {
                    Issue.record("the blob is read"); return nil
                },
                expecting: Descriptor(of: bytes, mediaType: .ociLayerTar))
        }
        #expect(error?.code == .overQuota)
    }

    @Test func largeLayersAreMeasuredWhileTheyGrow() throws {
        let store = try open(16)
        #expect(throws: StorageError.self) {
            try store.layers.write(epoch: 0) { writer in
                let bytes = blob(1, 24)
                try writer.append(.file("file", size: bytes.count), .bytes(bytes))
            }
        }
        #expect(try store.usage().total <= 16 << 20)
        #expect(try store.layers.all().isEmpty)
        // What failed left its room to others.
        let layer = try store.layers.write(epoch: 0) { writer in
            let bytes = blob(1, 10)
            try writer.append(.file("file", size: bytes.count), .bytes(bytes))
        }
        #expect(store.layers.contains(layer.diffID))
    }

    /// What a process has set aside goes with it.
    @Test func roomOfADeadProcessIsFree() throws {
        var first: Store? = try open(16)
        _ = try first?.blobs.put(blob(1))
        first = nil
        let store = try open(16)
        _ = try store.blobs.put(blob(2, 12))
        #expect(try store.usage().total <= 16 << 20)
    }
}
