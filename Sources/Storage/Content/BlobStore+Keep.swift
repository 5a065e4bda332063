import Linux
package import OCI

extension BlobStore {
    /// What a stream turned out to be.
    package struct Kept: Hashable, Sendable {
        package let digest: Digest
        package let size: Int64

        package init(digest: Digest, size: Int64) {
            self.digest = digest
            self.size = size
        }
    }

    /// Keeps what `stream` brings under the digest it turns out to have. Throws and keeps nothing if it is larger than
    /// `limit` bytes or is not what `expected` says.
    package func keep(_ stream: BlobStream, limit: Int64, expecting expected: Digest? = nil) async throws -> Kept {
        let thread = BlockingThread(label: "blob")
        let file = try await thread.run { [self] in try pending() }
        do {
            for try await chunk in stream {
                try Task.checkCancellation()
                try await thread.run {
                    try file.write(chunk)
                    guard file.size <= limit else {
                        throw StorageError(.limit, "the content is larger than \(limit) bytes")
                    }
                }
            }
            return try await thread.run { [self] in
                let kept = Kept(digest: file.digest(), size: file.size)
                if let expected, kept.digest != expected {
                    throw StorageError(.contentMismatch, "the content has the digest `\(kept.digest)`")
                }
                if try claim(kept.digest) {
                    file.discard()
                } else {
                    try file.publish(as: kept.digest.hex, durable: true)
                }
                return kept
            }
        } catch {
            try? await thread.run { file.discard() }
            throw error
        }
    }
}
