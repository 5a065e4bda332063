import Archive
import Linux
package import OCI
import SystemPackage

extension LayerStore {
    /// Makes a layer of a blob as it arrives, in one pass: the blob's digest and size are verified, its content is
    /// decompressed, hashed, written and indexed. Nothing of it is in the store if anything is wrong with it.
    ///
    /// The layer is kept as its maker wrote it. With `keepsBlob` the blob is kept beside it, so that pushing it
    /// elsewhere sends the bytes that came; `origin(of:)` names it. Several layers may be ingested at once. A layer
    /// that is here already is not read again. `stopsAtEnd` is for archives that are no layers: what follows their end is
    /// dropped, where it is an error of a layer.
    package func ingest(
        _ stream: BlobStream, descriptor: Descriptor, expecting diffID: DiffID? = nil, keepsBlob: Bool = true,
        stopsAtEnd: Bool = false, sizeLimit: Int64 = 128 << 30
    ) async throws -> Layer {
        let decoding = BlockingThread(label: "layer-decode")
        if let diffID, try claim(diffID) {
            return try await decoding.run { [self] in try layer(diffID) }
        }
        let writing = BlockingThread(label: "layer-write")
        let arrival = try await writing.run { [self] in
            // The tar is at least about as large as its blob.
            try session.quota.value?.prepare(keepsBlob ? 2 * descriptor.size : descriptor.size)
            return try ArrivingLayer(
                descriptor, store: self, keepsBlob: keepsBlob, stopsAtEnd: stopsAtEnd, sizeLimit: sizeLimit)
        }
        do {
            try await transfer(stream, to: arrival, decoding: decoding, writing: writing)
            return try await writing.run { [self] in
                let layer = try arrival.publish(in: self, expecting: diffID)
                try setOrigin(descriptor, of: layer.diffID)
                return layer
            }
        } catch {
            try? await writing.run { arrival.discard() }
            throw StorageError.writing("layer `\(descriptor.digest)`", in: root, missing: arrival.missing, error)
        }
    }

    /// Decodes a piece on one thread while the one before is hashed and written on another.
    private func transfer(
        _ stream: BlobStream, to arrival: ArrivingLayer, decoding: BlockingThread, writing: BlockingThread
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            func write(_ work: @escaping @Sendable () throws -> Void) async throws {
                try await group.next()
                group.addTask { try await writing.run(work) }
            }
            func decode(_ bytes: [UInt8]?) async throws {
                while let piece = try await decoding.run({ arrival.decode(bytes) }), !piece.isEmpty {
                    try await write { try arrival.write(piece) }
                }
            }
            var waiting: [UInt8] = []
            func flush() async throws {
                let bytes = waiting
                waiting = []
                try await write { try arrival.receive(bytes) }
                try await decode(bytes)
            }
            for try await chunk in stream {
                try Task.checkCancellation()
                waiting += chunk
                if waiting.count >= 512 << 10 { try await flush() }
            }
            try await flush()
            try await write { try arrival.endBlob() }
            try await group.next()
            try await decode(nil)
            try await group.next()
        }
    }

    /// The blob a layer was made of, as the registry described it; nil for a layer made here.
    package func origin(of layer: DiffID) throws -> Descriptor? {
        try blob(originKey(of: layer))
    }

    private func setOrigin(_ descriptor: Descriptor, of layer: DiffID) throws {
        try remember(descriptor, for: originKey(of: layer), of: layer)
    }

    private func originKey(of layer: DiffID) -> Digest { .of(Array("origin \(layer)".utf8)) }

    private func layer(_ diffID: DiffID) throws -> Layer {
        Layer(diffID: diffID, size: try openTar(of: diffID).size(), entryCount: try entries(of: diffID).count)
    }
}
