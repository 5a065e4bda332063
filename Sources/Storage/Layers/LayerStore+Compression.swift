import Archive
import Glibc
import Linux
package import OCI
import SystemPackage

extension LayerStore {
    /// The blob that `compressed` would make or has made, if that is known: enough to ask a registry for it. The blob
    /// itself may be gone.
    package func knownBlob(of layer: DiffID, as compression: LayerCompression, level: Int? = nil) throws -> Descriptor?
    {
        if compression == .none {
            return try size(of: layer).map { Descriptor(mediaType: .ociLayerTar, digest: layer.digest, size: $0) }
        }
        let key = try blobKey(layer, compression, level)
        return try blob(key)
    }

    /// A record says of which layer it is, so that it can go with it.
    func remember(_ blob: Descriptor, for key: Digest, of layer: DiffID) throws {
        let record: JSON = ["blob": blob.json, "layer": .string(layer.description)]
        try compressed.put(record.canonicalBytes, for: key)
    }

    func blob(_ key: Digest) throws -> Descriptor? {
        guard let bytes = try compressed.get(key) else { return nil }
        return CompressedRecord(parsing: bytes)?.blob
    }

    /// Makes sure that the store holds the layer as a blob for a registry: from the layer's file, which is verified on
    /// the way, by as many threads as there are CPUs. Layer, compression, level and encoder decide every byte.
    package func compressed(
        _ layer: DiffID, as compression: LayerCompression, level: Int? = nil
    ) async throws -> Descriptor {
        if let known = try knownBlob(of: layer, as: compression, level: level), try blobs.claim(known.digest) {
            return known
        }
        do {
            if compression == .none { return try await linkTar(of: layer) }
            let blob = try await compress(layer, compression, level ?? compression.defaultLevel)
            try remember(blob, for: blobKey(layer, compression, level), of: layer)
            return blob
        } catch {
            throw StorageError.writing("the \(compression) blob of layer `\(layer)`", in: root, error)
        }
    }

    private func compress(_ layer: DiffID, _ compression: LayerCompression, _ level: Int) async throws -> Descriptor {
        let thread = BlockingThread(label: "compress")
        let tar = try openTar(of: layer)
        let size = try tar.size()
        let threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let output = try blobs.pending()
        async let digest = verify(layer)
        if compression == .gzip {
            try await GzipMembers.compress(tar, size: size, level: level, threads: threads) { try output.write($0) }
        } else {
            try await thread.run {
                try ZstdEncoder.compress(tar, size: size, level: level, threads: threads) { try output.write($0) }
            }
        }
        try await digest
        return try await thread.run {
            let blob = Descriptor(mediaType: compression.ociMediaType, digest: output.digest(), size: output.size)
            try output.publish(as: blob.digest.hex, durable: false)
            return blob
        }
    }

    /// The tar is its own blob: a second name for the file.
    private func linkTar(of layer: DiffID) async throws -> Descriptor {
        try await verify(layer)
        let size = try openTar(of: layer).size()
        let (tar, blob) = (tarPath(of: layer).string, blobs.path(of: layer.digest).string)
        while link(tar, blob) != 0 {
            guard errno == EEXIST else { throw SystemError("link a layer to", blob) }
            if try blobs.claim(layer.digest) { break }
        }
        return Descriptor(mediaType: .ociLayerTar, digest: layer.digest, size: size)
    }

    /// The tar must still be what its name says: nothing else is ever sent out.
    private func verify(_ layer: DiffID) async throws {
        try await BlockingThread(label: "verify").run { [self] in
            guard try Digest(of: tarPath(of: layer)) == layer.digest else {
                throw StorageError(.damaged, "layer `\(layer)` in `\(tarPath(of: layer))` is damaged")
            }
        }
    }

    private func blobKey(_ layer: DiffID, _ compression: LayerCompression, _ level: Int?) throws -> Digest {
        .of(Array("\(layer) \(compression) \(level ?? compression.defaultLevel) \(compression.encoder)".utf8))
    }
}

extension LayerCompression {
    /// The level at which layers are compressed unless told otherwise (layer contract 1, rule 11).
    package var defaultLevel: Int {
        switch self {
        case .none: 0
        case .gzip: GzipMembers.defaultLevel
        case .zstd: ZstdEncoder.defaultLevel
        }
    }

    /// Name and version of what compresses, for provenance.
    package var encoder: String {
        switch self {
        case .none: "none"
        case .gzip: GzipMembers.encoder
        case .zstd: ZstdEncoder.encoder
        }
    }
}

/// Which blob a layer was made into, or came as.
struct CompressedRecord {
    let layer: DiffID?
    let blob: Descriptor

    init?(parsing bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes) else { return nil }
        guard let blob = try? Descriptor(json: json["blob"] ?? json) else { return nil }
        self.blob = blob
        layer = json["layer"]?.stringValue.flatMap { try? Digest(parsing: $0) }.map { DiffID($0) }
    }
}
