package import Archive
import Glibc
package import Linux
package import OCI
import Synchronization
package import SystemPackage

/// Layers by diffID: for each its uncompressed tar and, derived from it, the EROFS index to mount it by.
///
/// A layer is here when its tar has its name. The index can always be made again.
package final class LayerStore: Sendable {
    let directory: FilePath
    let root: FilePath
    let session: Session
    let blobs: BlobStore
    let compressed: RecordStore
    private let listings = Mutex(EntryCache(limit: 400_000))

    /// Bytes of an index: more than the limits on archives allow.
    static let indexLimit = 1 << 31

    init(directory: FilePath, root: FilePath, session: Session, blobs: BlobStore, compressed: RecordStore) {
        self.directory = directory
        self.root = root
        self.session = session
        self.blobs = blobs
        self.compressed = compressed
    }

    /// Where the tar is or would be. The file must not be changed.
    package func tarPath(of layer: DiffID) -> FilePath { directory.appending(layer.digest.hex + ".tar") }

    /// Where the index is or would be; `index(of:)` makes sure.
    package func indexPath(of layer: DiffID) -> FilePath { directory.appending(layer.digest.hex + ".erofs") }

    package func contains(_ layer: DiffID) -> Bool { (try? size(of: layer)) != nil }

    /// As `contains`, and what is here stays for the builds that run now, as if it had just come.
    package func claim(_ layer: DiffID) throws -> Bool { try Lease.claim(tarPath(of: layer), of: root) }

    /// The layers of a stack that are not here; the others stay as after `claim`.
    package func claim(_ layers: [DiffID]) throws -> Set<DiffID> {
        let paths = layers.map { tarPath(of: $0) }
        let missing = try Lease.passing(root.appending("leases.lock"), exclusively: false) {
            try paths.indices.filter { try !FileUse.stamp(paths[$0], .accessed) }
        }
        return Set(missing.map { layers[$0] })
    }

    /// Says that the layer was of use.
    package func noteUse(of layer: DiffID) throws { try FileUse.note(tarPath(of: layer), .accessed) }

    /// Bytes of the tar; nil if the layer is not here.
    package func size(of layer: DiffID) throws -> Int64? { try StoreDirectory.size(of: tarPath(of: layer)) }

    package func openTar(of layer: DiffID) throws -> SharedDescriptor {
        guard let file = try StoreDirectory.open(tarPath(of: layer)) else {
            throw StorageError(.notFound, "layer `\(layer)` is not in the store")
        }
        return file
    }

    /// What the headers of the layer's tar say, in the order of the archive. The last few layers asked for are
    /// remembered.
    package func entries(of layer: DiffID) throws -> [TarEntry] {
        if let entries = listings.withLock({ $0[layer] }) { return entries }
        let file = try openTar(of: layer)
        let entries: [TarEntry]
        do {
            entries = try TarReader.entries(of: file)
        } catch let error as ArchiveError {
            throw StorageError(.damaged, "layer `\(layer)` in `\(tarPath(of: layer))` cannot be read", cause: error)
        }
        remember(entries, of: layer)
        return entries
    }

    func remember(_ entries: [TarEntry], of layer: DiffID) { listings.withLock { $0[layer] = entries } }

    /// The path of the layer's index, which is made if it is missing.
    package func index(of layer: DiffID) throws -> FilePath {
        let path = indexPath(of: layer)
        if try StoreDirectory.size(of: path) == nil { try publishIndex(of: layer, durable: false) }
        return path
    }

    /// Makes the layer's index from its tar.
    func builtIndex(of layer: DiffID) throws -> [UInt8] {
        try ErofsIndex.build(entries: try entries(of: layer), tarSize: try openTar(of: layer).size(), diffID: layer)
    }

    func publishIndex(of layer: DiffID, durable: Bool) throws {
        let file = try pending()
        try file.write(try builtIndex(of: layer))
        try file.publish(as: layer.digest.hex + ".erofs", durable: durable)
    }

    /// Makes a canonical layer (layer contract 1) of what `body` writes. Times after `epoch` become `epoch`.
    ///
    /// Without `durable` the layer survives the process but not a power cut, until `Store.synchronize` returns. An equal
    /// layer that is here already is kept and the new one dropped.
    package func write(
        epoch: Int64, durable: Bool = false, _ body: (inout LayerWriter) throws -> Void
    ) throws -> Layer {
        do {
            let file = try pending()
            var writer = LayerWriter(epoch: epoch, file: file)
            try body(&writer)
            try writer.finish()
            return try publish(file, entries: writer.entries, durable: durable)
        } catch {
            throw StorageError.writing("layer", in: root, error)
        }
    }

    /// Gives a complete tar its name, its index first: where a tar is, an index is.
    func publish(
        _ file: PendingFile, entries: [TarEntry], expecting diffID: DiffID? = nil, durable: Bool
    ) throws -> Layer {
        let layer = Layer(diffID: DiffID(file.digest()), size: file.size, entryCount: entries.count)
        if let diffID, layer.diffID != diffID {
            throw StorageError(.contentMismatch, "layer `\(diffID)` arrived with the diffID `\(layer.diffID)`")
        }
        remember(entries, of: layer.diffID)
        if try claim(layer.diffID) { return layer }
        let index = try pending()
        try index.write(try ErofsIndex.build(entries: entries, tarSize: layer.size, diffID: layer.diffID))
        if durable {
            try index.descriptor.synchronize()
            try file.descriptor.synchronize()
        }
        // Between the two names nobody takes the index for one whose layer is gone.
        try Lease.passing(root.appending("leases.lock"), exclusively: false) {
            try index.publish(as: layer.diffID.digest.hex + ".erofs", durable: false)
            try file.publish(as: layer.diffID.digest.hex + ".tar", durable: false)
        }
        if durable { try StoreDirectory.synchronize(directory) }
        return layer
    }

    func pending() throws -> PendingFile { try PendingFile(in: directory, session: session) }

    /// Removes a layer and its index; one that a lease protects is an error, a missing one is not.
    package func remove(_ layer: DiffID) throws {
        try session.noteTemporaries()
        try Lease.removing(layer.digest, at: tarPath(of: layer), "layer `\(layer)`", of: root) {
            try StoreDirectory.remove(tarPath(of: layer))
            try StoreDirectory.remove(indexPath(of: layer))
        }
        forget(layer)
    }

    func forget(_ layer: DiffID) { listings.withLock { $0[layer] = nil } }

    /// Every layer here, in the order of diffIDs.
    package func all() throws -> [DiffID] {
        try StoreDirectory.names(in: directory).compactMap { name in
            name.hasSuffix(".tar") ? Digest(hex: name.dropLast(4)).map { DiffID($0) } : nil
        }
    }
}

/// The listings of the layers used last, bounded by their entries together.
private struct EntryCache {
    private var listings: [DiffID: (entries: [TarEntry], used: Int)] = [:]
    private var clock = 0
    private var count = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    subscript(layer: DiffID) -> [TarEntry]? {
        mutating get {
            clock += 1
            listings[layer]?.used = clock
            return listings[layer]?.entries
        }
        set {
            clock += 1
            if let old = listings.removeValue(forKey: layer) { count -= old.entries.count }
            guard let newValue, newValue.count <= limit else { return }
            listings[layer] = (newValue, clock)
            count += newValue.count
            while count > limit, let oldest = listings.min(by: { $0.value.used < $1.value.used })?.key {
                count -= listings.removeValue(forKey: oldest)?.entries.count ?? 0
            }
        }
    }
}
