import Glibc
package import Linux
package import SystemPackage

/// A store on disk: everything durable that builds share, named by its digest.
///
///     blobs/sha256/<hex>      what came from or goes to registries
///     layers/<diffid>.tar     layers, uncompressed         layers/<diffid>.erofs  their indexes, derived
///     cache/<xx>/<key>        cache records                compressed/<xx>/<key>  which blob a layer was made into
///     references/<xx>/<key>   names of images              journals/<xx>/<key>    what builds were asked for
///     leases/<session>       what running builds need
///     work/ mounts/ git/      upper directories, cache mounts, mirrors: their owners' own
///     quarantine/             damaged files, kept for whoever wants to know why
///     reserved/<session>      room set aside under a quota
///     steps.lock              a byte for each step that runs
///
/// Any number of processes use one store at once: files are immutable and appear by rename. Calls block; they belong
/// on a `BlockingThread` unless they are `async`.
package final class Store: Sendable {
    package let root: FilePath
    package let fileSystem: FileSystem
    package let blobs: BlobStore
    package let layers: LayerStore
    package let records: RecordStore
    package let references: ReferenceStore
    /// What builds were asked for, for whoever asks why their steps ran.
    package let journals: RecordStore
    package let cacheMounts: CacheMountStore
    let session: Session

    /// Why layers cannot be mounted straight from this store; nil where they can, as far as the file system decides it.
    package var mountRefusal: String? {
        fileSystem.supportsFileBackedMounts
            ? nil
            : "the store `\(root)` lies on \(fileSystem.name), from which the kernel mounts no layers: put it on ext4 or xfs"
    }

    /// The layout that this engine writes. A store of a higher number is refused.
    package static let format = 1

    /// Opens the store at `root`, creating what is missing, and clears away what processes that died have left.
    ///
    /// With a `quota` (bytes on disk) nothing comes into the store that does not fit: what was used longest ago makes
    /// room, and what finds none throws `overQuota`. Other openings may have another quota, or none.
    package static func open(at root: FilePath, quota: Int64? = nil) throws -> Store {
        do {
            let store = try Store(root)
            if let quota { try store.limit(to: quota) }
            return store
        } catch {
            throw StorageError.writing("the layout of the store", in: root, error)
        }
    }

    private init(_ root: FilePath) throws {
        try StoreDirectory.createAll(root, mode: 0o700)
        try Store.checkFormat(of: root)
        self.root = root
        for name in [
            "blobs", "blobs/sha256", "layers", "cache", "compressed", "references", "journals", "leases", "work",
            "mounts",
        ] {
            try StoreDirectory.create(root.appending(name))
        }
        fileSystem = try FileSystem(of: root)
        session = try Session(in: root.appending("leases"))
        blobs = BlobStore(directory: root.appending("blobs").appending("sha256"), root: root, session: session)
        records = RecordStore(directory: root.appending("cache"), session: session)
        journals = RecordStore(directory: root.appending("journals"), session: session)
        references = ReferenceStore(RecordStore(directory: root.appending("references"), session: session))
        cacheMounts = CacheMountStore(directory: root.appending("mounts"), session: session)
        layers = LayerStore(
            directory: root.appending("layers"), root: root, session: session, blobs: blobs,
            compressed: RecordStore(directory: root.appending("compressed"), session: session))
        let left = try Session.sweep(root.appending("leases"), forgetting: true)
        try StoreQuota.sweep(root, sparing: left.alive)
        if left.leftTemporaries {
            try sweep(sparing: left.alive)
            try Lease.passing(root.appending("leases.lock"), exclusively: true) { try layers.removeOrphanedIndexes() }
        }
        try recoverFromPowerLoss()
    }

    /// What running builds need; see `Lease`.
    package func lease() throws -> Lease {
        try Lease(session: try Session(in: root.appending("leases")), gate: root.appending("leases.lock"))
    }

    /// Makes everything written so far survive a power cut: one flush instead of one for each file. Cache records that
    /// name layers are written after this.
    package func synchronize() throws {
        let directory = try OwnedDescriptor.open(root, flags: O_RDONLY | O_DIRECTORY)
        let start = time(nil)
        try directory.synchronizeFileSystem()
        var times = [timespec(tv_sec: start, tv_nsec: 0), timespec(tv_sec: start, tv_nsec: 0)]
        let mark = try OwnedDescriptor.open(root.appending("synchronized"), flags: O_WRONLY | O_CREAT)
        try Linux.check("set the time of", "synchronized") { futimens(mark.rawValue, &times) }
    }

    private static func checkFormat(of root: FilePath) throws {
        let path = root.appending("format")
        if let bytes = try StoreDirectory.read(path, limit: 100) {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let number = Int(text.split(separator: "\n").first ?? "") else {
                throw StorageError(.damaged, "`\(path)` does not hold the number of a store format")
            }
            guard number <= format else {
                throw StorageError(
                    .unsupported,
                    "the store `\(root)` has format \(number), this program reads up to \(format): use a newer caisson")
            }
            return
        }
        let foreign = try StoreDirectory.names(in: root).filter { !$0.hasPrefix(".") && $0 != "lost+found" }
        guard foreign.isEmpty || foreign.contains("blobs") || foreign.contains("agent.db") else {
            throw StorageError(
                .unsupported, "`\(root)` is neither empty nor a store: it holds `\(foreign[0])`")
        }
        try writeFormat(of: root)
    }

    static func writeFormat(of root: FilePath) throws {
        let path = root.appending("format")
        let pending = root.appending(".format.\(getpid())")
        try OwnedDescriptor.open(pending, flags: O_WRONLY | O_CREAT | O_TRUNC).write(Array("\(format)\n".utf8))
        try Linux.check("create", path.string) { rename(pending.string, path.string) }
    }

    /// Removes temporaries whose session is gone, and what is left of layers that it was removing.
    private func sweep(sparing alive: Set<String>) throws {
        func isLeft(_ name: String) -> Bool {
            name.hasPrefix(".") && !alive.contains(String(name.dropFirst().prefix { $0 != "." }))
        }
        var directories = [blobs.directory, layers.directory]
        for parent in ["cache", "compressed", "references", "journals"] {
            let parent = root.appending(parent)
            directories += try StoreDirectory.names(in: parent).map { parent.appending($0) }
        }
        for directory in directories {
            for name in try StoreDirectory.names(in: directory) where isLeft(name) {
                try StoreDirectory.remove(directory.appending(name))
            }
        }
        for directory in ["unpacked", "mounts", "git"].map({ root.appending($0) }) {
            // Their owners have names of their own that begin with a dot.
            for name in try StoreDirectory.names(in: directory) where isLeft(name) && name.contains("-") {
                let path = directory.appending(name)
                if try StoreDirectory.size(of: path) == nil {
                    try FileRemoval.removeAll(path)
                } else {
                    try StoreDirectory.remove(path)
                }
            }
        }
    }

    /// After a start of the machine, removes layers and blobs that were written after the last flush and did not reach
    /// the disk whole. Nothing acknowledged names them.
    private func recoverFromPowerLoss() throws {
        let boot = Array(try Session.bootID().utf8)
        let mark = root.appending("boot")
        if try StoreDirectory.read(mark, limit: 100) == boot { return }
        try Lease.passing(root.appending("leases.lock"), exclusively: true) {
            let known = try StoreDirectory.read(mark, limit: 100)
            if known == boot { return }
            if known != nil {
                try sweep(sparing: Session.sweep(root.appending("leases")).alive)
                try layers.removeOrphanedIndexes()
                try removeTornFiles()
            }
            let file = try PendingFile(in: root, session: session)
            try file.write(boot)
            try file.publish(as: "boot", durable: true)
        }
    }

    private func removeTornFiles() throws {
        var status = stat()
        let flushed = stat(root.appending("synchronized").string, &status) == 0 ? status.st_mtim.tv_sec : 0
        // The clock may have been set in between; an hour costs little.
        for path in try layers.files(modifiedAfter: flushed - 3600) {
            if try !layers.isIntact(path) { try StoreDirectory.remove(path) }
        }
    }
}
