import OCI
import Synchronization
import Testing

struct BlobStreamTests {
    private func stream(_ chunks: [[UInt8]]) -> BlobStream {
        let left = Mutex(chunks[...])
        return BlobStream { left.withLock { $0.popFirst() } }
    }

    @Test func chunksComeInOrder() async throws {
        #expect(try await stream([[1, 2], [], [3]]).collect(upTo: 3) == [1, 2, 3])
        #expect(try await stream([]).collect(upTo: 0) == [])
    }

    @Test func collectingStopsAtTheLimit() async throws {
        await #expect { try await stream([[1, 2], [3]]).collect(upTo: 2) } throws: {
            ($0 as? OCIError)?.code == .contentMismatch
        }
    }
}
