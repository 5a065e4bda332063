package import OCI
import Synchronization

/// Counts the bytes of a stream and reports them now and then, and at the end.
package final class TransferProgress: Sendable {
    private let phase: Transfer.Phase
    private let name: String
    private let total: Int64?
    private let emit: @Sendable (Transfer) -> Void
    private let state = Mutex((completed: Int64(0), reported: ContinuousClock.Instant?.none))

    /// A report takes so long to become old.
    private static let interval: Duration = .milliseconds(200)

    package init(_ phase: Transfer.Phase, name: String, total: Int64?, emit: @escaping @Sendable (Transfer) -> Void) {
        self.phase = phase
        self.name = name
        self.total = total
        self.emit = emit
    }

    package func counting(_ stream: BlobStream) -> BlobStream {
        let iterator = AsyncIteratorBox(stream.makeAsyncIterator())
        return BlobStream {
            let chunk = try await iterator.next()
            if let chunk { self.add(Int64(chunk.count)) }
            return chunk
        }
    }

    private func add(_ count: Int64) {
        let now = ContinuousClock.now
        let due: Int64? = state.withLock { state in
            state.completed += count
            if let reported = state.reported, now - reported < Self.interval { return nil }
            state.reported = now
            return state.completed
        }
        if let due { emit(Transfer(phase, name: name, completed: due, total: total)) }
    }

    package func finish() {
        let completed = state.withLock { $0.completed }
        emit(Transfer(phase, name: name, completed: completed, total: total, isFinished: true))
    }
}

/// An iterator that a sendable closure can hold; a blob stream is never asked concurrently.
private struct AsyncIteratorBox: Sendable {
    private let iterator: BlobStream.AsyncIterator

    init(_ iterator: BlobStream.AsyncIterator) { self.iterator = iterator }

    func next() async throws -> [UInt8]? {
        var iterator = iterator
        return try await iterator.next()
    }
}
