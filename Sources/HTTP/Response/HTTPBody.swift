/// A response's body as it arrives, undecoded. One consumer, one pass.
///
/// A slow consumer slows the sender: at most `HTTPTransfer.highWater` bytes wait here. When the last copy of the body goes
/// before its end, the transfer is cancelled.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let lease: TransferLease

    init(_ lease: TransferLease) { self.lease = lease }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let lease: TransferLease

        /// Throws `HTTPError(.truncated)` when the connection ends before the body.
        package mutating func next() async throws -> [UInt8]? { try await lease.nextChunk() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
            try await lease.nextChunk()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lease: lease) }

    /// The whole body; more than `limit` bytes is an error.
    package func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.count <= limit else {
                throw HTTPError(.tooLarge, "response of `\(lease.transfer.request.url)` is larger than \(limit) bytes")
            }
            bytes += chunk
        }
        return bytes
    }
}

/// Whoever holds it wants the transfer; without holders the transfer is cancelled.
final class TransferLease: Sendable {
    let transfer: HTTPTransfer
    private let loop: TransferLoop

    init(_ transfer: HTTPTransfer, on loop: TransferLoop) {
        self.transfer = transfer
        self.loop = loop
    }

    deinit { loop.submit(.cancel(transfer)) }

    func nextChunk() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            let (chunk, wasPaused) = try await transfer.takeChunk()
            if wasPaused { loop.submit(.resume(transfer)) }
            return chunk
        } onCancel: {
            loop.submit(.cancel(transfer))
        }
    }
}
