internal import Archive
internal import Glibc
internal import Linux
internal import OCI
internal import SystemPackage

/// Layers as EROFS mounts of their index and tar: nothing is unpacked.
struct ErofsLayers: LayerSource {
    let store: LayerStore

    var name: String { "erofs" }

    func layer(_ id: DiffID, chain: (id: ChainID, below: any LowerTree)?) throws -> LayerDirectory {
        let tar = try store.openTar(of: id)
        let (index, superblock): (SharedDescriptor, Superblock)
        do {
            (index, superblock) = try openIndex(of: id, chain: chain)
        } catch let error as StorageError where error.code == .damaged {
            try publish(id, chain: chain)
            (index, superblock) = try openIndex(of: id, chain: chain)
        }
        let (size, block) = (try tar.size(), Int64(Erofs.blockSize))
        guard Int64(superblock.tarBlocks) == (size + block - 1) / block else {
            throw StorageError(
                .damaged,
                "layer `\(id)` is damaged: its tar has \(size) bytes and once had "
                    + "\(Int64(superblock.tarBlocks) * block)")
        }
        do {
            // Through the descriptors that were just read and measured: no other file can come between.
            let mount = try DetachedMount.erofs(index: index, device: tar)
            return LayerDirectory(root: SharedDescriptor(mount.release()), marks: superblock.marks)
        } catch {
            throw StorageError(.unsupported, "cannot mount layer `\(id)`", cause: error)
        }
    }

    /// A mount keeps its files, whatever becomes of their names.
    func isCurrent(_ key: LayerKey) -> Bool { true }

    private func openIndex(
        of id: DiffID, chain: (id: ChainID, below: any LowerTree)?
    ) throws -> (SharedDescriptor, Superblock) {
        let path = store.directory.appending(Self.fileName(id, chain: chain?.id))
        if chain == nil {
            _ = try store.index(of: id)
        } else if try StoreDirectory.size(of: path) == nil {
            try publish(id, chain: chain)
        }
        guard let index = try StoreDirectory.open(path) else {
            throw StorageError(.notFound, "layer `\(id)` is not in the store")
        }
        let image = try index.read(upTo: Int(try index.size()), at: 0)
        return (index, try Superblock(verifying: image, diffID: id))
    }

    private func publish(_ id: DiffID, chain: (id: ChainID, below: any LowerTree)?) throws {
        guard let chain else { return try store.publishIndex(of: id, durable: false) }
        let file = try store.pending()
        try file.write(
            try ErofsIndex.build(
                entries: try store.entries(of: id), tarSize: try store.openTar(of: id).size(), diffID: id,
                below: chain.below))
        try file.publish(as: Self.fileName(id, chain: chain.id), durable: false)
    }

    private static func fileName(_ id: DiffID, chain: ChainID?) -> String {
        (chain.map(LayerKey.chain) ?? .layer(id)).fileName + ".erofs"
    }
}
