import Synchronization

/// The bytes of a blob as they arrive, in chunks of some ten to some hundred kilobytes. One consumer, one pass.
/// Ending the iteration early releases the source.
package struct BlobStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let nextChunk: @Sendable () async throws -> [UInt8]?

    /// `next` returns the next chunk, nil at the end; it is never called concurrently.
    package init(_ next: @escaping @Sendable () async throws -> [UInt8]?) { nextChunk = next }

    package struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let nextChunk: @Sendable () async throws -> [UInt8]?

        package mutating func next() async throws -> [UInt8]? { try await nextChunk() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
            try await nextChunk()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextChunk: nextChunk) }

    /// Everything that is left, for small blobs; more than `limit` bytes is an error.
    package func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            bytes += chunk
            guard bytes.count <= limit else {
                throw OCIError(.contentMismatch, "blob is larger than \(limit) bytes")
            }
        }
        return bytes
    }
}

extension BlobStream {
    /// `bytes` in one chunk.
    package static func of(_ bytes: [UInt8]) -> BlobStream {
        let chunk = Mutex<[UInt8]?>(bytes)
        return BlobStream { chunk.withLock { $0.take() } }
    }

    /// No more than the first `count` bytes.
    package func prefix(_ count: Int64) -> BlobStream {
        let rest = Mutex(count)
        let next = nextChunk
        return BlobStream {
            if rest.withLock({ $0 }) == 0 { return nil }
            guard let chunk = try await next() else { return nil }
            return rest.withLock { rest in
                let taken = Swift.min(rest, Int64(chunk.count))
                rest -= taken
                return Array(chunk.prefix(Int(taken)))
            }
        }
    }
}

/// The content of a blob on its way to a destination, readable again from the start when a transfer is retried.
package enum BlobContent: Sendable {
    case bytes([UInt8])
    /// A regular file, whole, by its path. The file must not change.
    case file(path: String)
    /// Opened anew, at the offset a transfer has reached, for each attempt; yields the same bytes each time.
    case stream(open: @Sendable (Int64) async throws -> BlobStream)
}
