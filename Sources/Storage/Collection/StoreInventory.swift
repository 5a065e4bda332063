import Glibc
import Linux
import OCI
import SystemPackage

/// What a store holds, measured, and what of it needs what.
struct StoreInventory {
    struct Step {
        var keys: [Digest] = []
        var title = ""
        var chain: [DiffID] = []
        var lastUsed: Int64 = 0
        /// Of the records alone.
        var size: Int64 = 0
    }

    struct Image {
        let name: String
        let digest: Digest
        var blobs: Set<Digest> = []
        var layers: Set<DiffID> = []
        var lastUsed: Int64 = 0
        var size: Int64 = 0
    }

    struct LayerFiles {
        /// Tar, indexes, unpacked directory.
        var size: Int64 = 0
        var lastUsed: Int64 = 0
        var isHeld = false
        /// Records of the blobs it was made into.
        var compressed: [(key: Digest, blob: Digest, size: Int64)] = []
    }

    struct Blob {
        /// Zero where it is another name of a layer's file.
        let size: Int64
        let lastUsed: Int64
        let isHeld: Bool
    }

    /// A directory or file that stands for itself.
    struct Tree {
        let kind: StoreItem.Kind
        let path: FilePath
        let size: Int64
        let lastUsed: Int64
        var hold: StoreItem.Hold?

        /// A cache mount says itself what it is called.
        var title: String {
            if kind == .journal { return "" }
            guard kind == .mount, let bytes = try? StoreDirectory.read(path.appending("cache.json"), limit: 1 << 16),
                let id = (try? JSON(parsing: bytes)).flatMap({ CacheMountID($0) })?.name
            else { return path.lastComponent?.string ?? "" }
            return id
        }
    }

    private(set) var steps: [Step] = []
    private(set) var images: [Image] = []
    private(set) var layers: [DiffID: LayerFiles] = [:]
    private(set) var blobs: [Digest: Blob] = [:]
    private(set) var trees: [Tree] = []
    private let store: Store
    private var tarInodes: Set<UInt64> = []

    /// Blocks for long on a large store. Builds may run meanwhile.
    init(of store: Store) throws {
        self.store = store
        let (held, isAlone) = try Lease.passing(store.root.appending("leases.lock"), exclusively: true) {
            (
                try Lease.held(in: store.root.appending("leases")),
                try store.isAlone()
            )
        }
        try addLayers(held)
        try addBlobs(held)
        try addSteps()
        try addCompressed()
        images = try Self.images(of: store)
        try addUnpacked()
        try addTrees(isAlone: isAlone)
    }

    // MARK: Content

    private mutating func addLayers(_ held: HeldContent) throws {
        let directory = store.layers.directory
        var indexes: [(Digest, Int64)] = []
        for name in try StoreDirectory.names(in: directory) where !name.hasPrefix(".") {
            guard let file = try DiskFile(directory.appending(name)) else { continue }
            if name.hasSuffix(".tar"), let digest = Digest(hex: name.dropLast(4)) {
                if file.hasOtherNames { tarInodes.insert(file.inode) }
                layers[DiffID(digest)] = LayerFiles(
                    size: file.allocated, lastUsed: max(file.accessed, file.modified),
                    isHeld: held.covers(digest, file))
            } else if name.hasSuffix(".erofs"), let digest = Digest(hex: name.dropLast(6)) {
                indexes.append((digest, file.allocated))
            }
        }
        for (digest, size) in indexes { layers[DiffID(digest)]?.size += size }
    }

    private mutating func addBlobs(_ held: HeldContent) throws {
        for digest in try store.blobs.all() {
            guard let file = try DiskFile(store.blobs.path(of: digest)) else { continue }
            let isLayer = file.hasOtherNames && tarInodes.contains(file.inode)
            blobs[digest] = Blob(
                size: isLayer ? 0 : file.allocated, lastUsed: file.modified, isHeld: held.covers(digest, file))
        }
    }

    private mutating func addUnpacked() throws {
        let directory = store.root.appending("unpacked")
        for name in try StoreDirectory.names(in: directory) {
            guard let digest = Digest(hex: name), layers[DiffID(digest)] != nil else { continue }
            layers[DiffID(digest)]?.size += try DiskUsage.of(directory.appending(name))
        }
    }

    // MARK: What needs it

    /// Records of one result are one step: it is named by what it was asked to do and by what it was done to.
    private mutating func addSteps() throws {
        var places: [[DiffID]: Int] = [:]
        for key in try store.records.keys() {
            guard let file = try DiskFile(store.records.path(of: key)), let bytes = try store.records.get(key),
                let json = try? JSON(parsing: bytes), let names = json["layers"]?.arrayValue
            else { continue }
            let chain = names.compactMap { $0.stringValue.flatMap { try? Digest(parsing: $0) } }.map { DiffID($0) }
            let place = places[chain] ?? steps.count
            if place == steps.count {
                places[chain] = place
                steps.append(Step(title: json["title"]?.stringValue ?? "", chain: chain))
            }
            steps[place].keys.append(key)
            steps[place].size += file.allocated
            steps[place].lastUsed = max(steps[place].lastUsed, file.modified)
        }
    }

    private mutating func addCompressed() throws {
        let records = store.layers.compressed
        for key in try records.keys() {
            guard let file = try DiskFile(records.path(of: key)), let bytes = try records.get(key),
                let record = CompressedRecord(parsing: bytes), let layer = record.layer
            else { continue }
            layers[layer]?.compressed.append((key, record.blob.digest, file.allocated))
        }
    }

    /// The images that have a name, each with all that it needs.
    static func images(of store: Store) throws -> [Image] {
        try store.references.all().map { entry in
            var image = Image(name: entry.name, digest: entry.descriptor.digest)
            if let file = try DiskFile(store.references.path(of: entry.name)) {
                image.lastUsed = file.modified
                image.size = file.allocated
            }
            image.addDocument(entry.descriptor.digest, in: store, depth: 0)
            return image
        }
    }

    // MARK: Trees

    private mutating func addTrees(isAlone: Bool) throws {
        func add(_ kind: StoreItem.Kind, _ path: FilePath, hold: StoreItem.Hold? = nil) throws -> Tree? {
            guard let file = try DiskFile(path) else { return nil }
            return Tree(
                kind: kind, path: path, size: try DiskUsage.of(path), lastUsed: file.modified,
                hold: hold)
        }
        for (kind, directory) in [(StoreItem.Kind.mount, "mounts"), (.git, "git"), (.damaged, "quarantine")] {
            let directory = store.root.appending(directory)
            for name in try StoreDirectory.names(in: directory) where !name.hasSuffix(".lock") && !name.hasPrefix(".") {
                let path = directory.appending(name)
                let isLocked = try StoreTree.isLocked(path)
                let hold: StoreItem.Hold? =
                    isLocked ? .running : kind == .git && !isAlone ? .otherProcess : nil
                if let tree = try add(kind, path, hold: hold) { trees.append(tree) }
            }
        }
        let work = store.root.appending("work")
        for name in try StoreDirectory.names(in: work) where !name.hasSuffix(".lock") {
            let path = work.appending(name)
            if try !StoreTree.isLocked(path), let tree = try add(.work, path) { trees.append(tree) }
        }
        for key in try store.journals.keys() {
            if let tree = try add(.journal, store.journals.path(of: key)) { trees.append(tree) }
        }
        try addUnneededChains()
    }

    /// What was derived for a stack of layers that nothing has any more.
    private mutating func addUnneededChains() throws {
        var found: [(Digest, FilePath)] = []
        for (directory, suffix) in [("layers", ".chain.erofs"), ("unpacked", ".chain"), ("unpacked", "")] {
            let directory = store.root.appending(directory)
            for name in try StoreDirectory.names(in: directory) where name.hasSuffix(suffix) && !name.hasPrefix(".") {
                guard let digest = Digest(hex: name.dropLast(suffix.count)) else { continue }
                if suffix.isEmpty, layers[DiffID(digest)] != nil { continue }
                found.append((digest, directory.appending(name)))
            }
        }
        if found.isEmpty { return }
        var needed: Set<Digest> = []
        for step in steps {
            for end in step.chain.indices {
                if let chain = ChainID(of: step.chain[...end]) { needed.insert(chain.digest) }
            }
        }
        for (digest, path) in found where !needed.contains(digest) {
            guard let file = try DiskFile(path) else { continue }
            trees.append(
                Tree(kind: .layer, path: path, size: try DiskUsage.of(path), lastUsed: file.modified, hold: nil))
        }
    }
}

extension StoreInventory.Image {
    /// A manifest or index that is here, with all it names.
    fileprivate mutating func addDocument(_ digest: Digest, in store: Store, depth: Int) {
        guard depth < 3, blobs.insert(digest).inserted, let bytes = try? store.blobs.read(digest, limit: 8 << 20) else {
            return
        }
        if let index = try? ImageIndex(parsing: bytes) {
            for manifest in index.manifests { addDocument(manifest.digest, in: store, depth: depth + 1) }
        } else if let manifest = try? ImageManifest(parsing: bytes) {
            blobs.insert(manifest.config.digest)
            blobs.formUnion(manifest.layers.map(\.digest))
            if let config = try? ImageConfig(parsing: store.blobs.read(manifest.config.digest, limit: 8 << 20)) {
                layers.formUnion(config.diffIDs)
            }
        }
    }
}

/// Directories of the store that a lock file beside them guards.
enum StoreTree {
    /// Whether somebody holds `<path>.lock`. Without such a file nobody does.
    static func isLocked(_ path: FilePath) throws -> Bool {
        let lock = FilePath(path.string + ".lock")
        guard access(lock.string, F_OK) == 0 else { return false }
        return try FileLock.take(lock, .exclusive) == nil
    }
}
