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
        do {
            return try mount(id, chain: chain, tar: tar)
        } catch let error as StorageError where error.code == .damaged {
            // The index is derived: made again, it is right or the tar is damaged too, which that finds out.
            try publish(id, chain: chain)
            return try mount(id, chain: chain, tar: tar)
        }
    }

    private func mount(
        _ id: DiffID, chain: (id: ChainID, below: any LowerTree)?, tar: SharedDescriptor
    ) throws -> LayerDirectory {
        let path = path(id, chain: chain?.id)
        if chain == nil { _ = try store.index(of: id) } else if try StoreDirectory.size(of: path) == nil {
            try publish(id, chain: chain)
        }
        guard let index = try StoreDirectory.open(path) else {
            throw StorageError(.notFound, "layer `\(id)` is not in the store")
        }
        let image = try index.read(upTo: Int(try index.size()), at: 0)
        let superblock = try Superblock(verifying: image, diffID: id, tarSize: try tar.size())
        do {
            // Through the descriptors that were just read and measured: no other file can come between.
            let mount = try DetachedMount.erofs(index: index.rawValue, device: tar.rawValue)
            return LayerDirectory(root: SharedDescriptor(mount.release()), marks: superblock.marks)
        } catch let error as MountError {
            throw StorageError(.unsupported, "cannot mount layer `\(id)`", cause: error)
        }
    }

    private func publish(_ id: DiffID, chain: (id: ChainID, below: any LowerTree)?) throws {
        guard let chain else { return try store.publishIndex(of: id, durable: false) }
        let file = try store.pending()
        try file.write(
            try ErofsIndex.build(
                entries: try store.entries(of: id), tarSize: try store.openTar(of: id).size(), diffID: id,
                below: chain.below))
        try file.publish(as: path(id, chain: chain.id).lastComponent!.string, durable: false)
    }

    private func path(_ id: DiffID, chain: ChainID?) -> FilePath {
        let key = chain.map(LayerKey.chain) ?? .layer(id)
        return store.directory.appending(key.fileName + ".erofs")
    }
}
