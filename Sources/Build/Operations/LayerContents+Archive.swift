import Archive
import OCI
import Storage

extension LayerContents {
    /// An archive's entries as COPY and ADD place them.
    typealias ArchiveEntries = [(path: EntryPath, node: FileTree.Node?, linkTarget: EntryPath?)]

    /// The entries of a file that is an archive; nil for any other file.
    ///
    /// The archive is kept in the store as if it were a layer, for the contents to be read from: the same reader, with
    /// the same limits, as for layers of images.
    func archive(_ content: FileContent, named name: EntryPath) async throws -> ArchiveEntries? {
        guard try isArchive(content) else { return nil }
        do { return try await unpacked(content) } catch let error as StorageError
            where error.code == .invalidLayer || error.code == .limit
        {
            throw CopyError("cannot unpack `\(name)`: \(error.cause.map { "\($0)" } ?? error.message)")
        }
    }

    private func unpacked(_ content: FileContent) async throws -> ArchiveEntries {
        let digest = try await digests(of: [content])[0]
        let descriptor = Descriptor(mediaType: .ociLayerTar, digest: digest, size: content.size)
        let layer = try await store.layers.ingest(
            try stream(of: content), descriptor: descriptor, keepsBlob: false, stopsAtEnd: true)
        return Self.entries(try store.layers.entries(of: layer.diffID), of: layer.diffID)
    }

    private func isArchive(_ content: FileContent) throws -> Bool {
        guard content.size > 0 else { return false }
        var start: [UInt8] = []
        struct Enough: Error {}
        do {
            try read(content) { chunk in
                start += chunk
                if start.count >= TarReader.detectionLength { throw Enough() }
            }
        } catch is Enough {}
        return TarReader.isArchive(startingWith: Array(start.prefix(TarReader.detectionLength)))
    }

    /// The bytes of a file on its way into the store.
    private func stream(of content: FileContent) throws -> BlobStream {
        switch content.source {
        case .bytes(let bytes): return .of(bytes)
        case .layer(let layer, let offset, nil):
            return BlobStream(reading: try store.layers.openTar(of: layer), from: offset).prefix(content.size)
        case .layer: return .of(try bytes(of: content))
        case .context(let id):
            switch try contextContent(id) {
            case .bytes(let bytes): return .of(bytes)
            case .file(let file, _, _): return BlobStream(reading: file)
            }
        }
    }

    private static func entries(_ entries: [TarEntry], of layer: DiffID) -> ArchiveEntries {
        entries.map { entry in
            let kind: FileTree.Kind
            switch entry.kind {
            case .hardLink(let target): return (entry.path, nil, target)
            case .file(let size, let offset, let segments):
                kind = .file(FileContent(size: size, source: .layer(layer, offset: offset, segments: segments)))
            case .directory: kind = .directory
            case .symbolicLink(let target): kind = .symbolicLink(target)
            case .characterDevice(let major, let minor): kind = .characterDevice(major: major, minor: minor)
            case .blockDevice(let major, let minor): kind = .blockDevice(major: major, minor: minor)
            case .fifo: kind = .fifo
            }
            let node = FileTree.Node(
                kind: kind, mode: entry.mode, uid: entry.uid, gid: entry.gid, modified: entry.modified,
                attributes: entry.attributes)
            return (entry.path, node, nil)
        }
    }
}
