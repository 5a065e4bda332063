import Glibc
import Linux
import OCI
import SystemPackage

extension Store {
    /// Reads everything in the store and compares it with its name, its checksum or what it derives from: a flipped bit
    /// in any of these files is found. Reports, and with `repairing` mends what can be mended. Blocks for long.
    ///
    /// Builds may run meanwhile; a damaged layer that one of them has mounted stays readable to it.
    package func check(repairing: Bool = false) throws -> StoreReport {
        var check = StoreCheck(store: self, isRepairing: repairing)
        try check.checkBlobs()
        try check.checkTars()
        try check.checkIndexes()
        try check.checkRecords()
        try check.checkReferences()
        try check.checkMarks()
        return check.report
    }
}

private struct StoreCheck {
    let store: Store
    let isRepairing: Bool
    var report = StoreReport()
    /// Layers whose tar is damaged: nothing can be said about their indexes.
    private var damaged: Set<Digest> = []

    init(store: Store, isRepairing: Bool) {
        self.store = store
        self.isRepairing = isRepairing
    }

    // MARK: Content

    mutating func checkBlobs() throws {
        try checkNames(in: store.blobs.directory) { name in Digest(hex: name) }
    }

    mutating func checkTars() throws {
        try checkNames(in: store.layers.directory) { name in
            name.hasSuffix(".tar") ? Digest(hex: name.dropLast(4)) : nil
        }
    }

    /// Files named by the digest of their content.
    private mutating func checkNames(in directory: FilePath, _ digest: (String) -> Digest?) throws {
        for name in try names(in: directory) {
            let path = directory.appending(name)
            guard let digest = digest(name) else {
                if !name.hasSuffix(".erofs") { try find(path, "is no file of the store", .quarantined) }
                continue
            }
            guard let size = try StoreDirectory.size(of: path) else { continue }
            count(size)
            let actual: Digest?
            // What cannot be read is as bad as what is wrong.
            do { actual = try Digest(of: path) } catch { actual = nil }
            if actual == digest { continue }
            damaged.insert(digest)
            let problem = actual.map { "has the digest \($0)" } ?? "cannot be read"
            try find(path, problem, .quarantined, needsRefetch: true)
        }
    }

    // MARK: What is derived

    mutating func checkIndexes() throws {
        let directory = store.layers.directory
        for layer in try store.layers.all() where !damaged.contains(layer.digest) {
            let path = store.layers.indexPath(of: layer)
            let expected: [UInt8]
            do {
                expected = try store.layers.builtIndex(of: layer)
            } catch {
                try find(
                    store.layers.tarPath(of: layer), "cannot be indexed: \(error)", .quarantined, needsRefetch: true)
                continue
            }
            count(Int64(expected.count))
            let problem: String
            switch try StoreDirectory.read(path, limit: LayerStore.indexLimit) {
            case expected: continue
            case nil: problem = "is missing"
            default: problem = "does not belong to its layer"
            }
            try find(path, problem, .rebuilt) { [store] in try store.layers.publishIndex(of: layer, durable: true) }
        }
        for name in try names(in: directory) where name.hasSuffix(".erofs") {
            let path = directory.appending(name)
            if let digest = Digest(hex: name.dropLast(6)) {
                if try StoreDirectory.size(of: store.layers.tarPath(of: DiffID(digest))) != nil { continue }
                try find(path, "has no layer", .removed) { try StoreDirectory.remove(path) }
            } else {
                // The index of a chain: only who has the chain can make it, and does so when it is missing.
                let image = try StoreDirectory.read(path, limit: LayerStore.indexLimit) ?? []
                count(Int64(image.count))
                if Superblock.hasItsContent(image) { continue }
                try find(path, "has changed", .removed) { try StoreDirectory.remove(path) }
            }
        }
    }

    mutating func checkRecords() throws {
        for records in [store.records, store.layers.compressed, store.references.records, store.journals] {
            for folder in try names(in: records.directory) {
                let folder = records.directory.appending(folder)
                for name in try names(in: folder) {
                    let path = folder.appending(name)
                    let bytes = try StoreDirectory.read(path, limit: 1 << 28) ?? []
                    count(Int64(bytes.count))
                    if let key = Digest(hex: name), records.path(of: key) == path,
                        RecordStore.content(of: bytes, key: key) != nil
                    {
                        continue
                    }
                    try find(path, "is a damaged record", .removed) { try StoreDirectory.remove(path) }
                }
            }
        }
    }

    mutating func checkReferences() throws {
        for reference in try store.references.all() where !store.blobs.contains(reference.descriptor.digest) {
            let path = store.references.path(of: reference.name)
            let problem = "names `\(reference.name)`, whose manifest `\(reference.descriptor.digest)` is not here"
            try find(path, problem, .removed, needsRefetch: true) { [store] in
                try store.references.remove(reference.name)
            }
        }
    }

    /// The few files of fixed content.
    mutating func checkMarks() throws {
        let format = store.root.appending("format")
        count(2)
        if try StoreDirectory.read(format, limit: 100) != Array("\(Store.format)\n".utf8) {
            try find(format, "does not hold the number of the format", .rebuilt) { [store] in
                try Store.writeFormat(of: store.root)
            }
        }
        let boot = store.root.appending("boot")
        count(36)
        let id = Array(try Session.bootID().utf8)
        if try StoreDirectory.read(boot, limit: 100) != id {
            try find(boot, "does not name the running system", .rebuilt) { [store] in
                let file = try PendingFile(in: store.root, session: store.session)
                try file.write(id)
                try file.publish(as: "boot", durable: true)
            }
        }
    }

    // MARK: Findings

    /// Files that are not on their way.
    private func names(in directory: FilePath) throws -> [String] {
        try StoreDirectory.names(in: directory).filter { !$0.hasPrefix(".") }
    }

    private mutating func count(_ bytes: Int64) {
        report.filesChecked += 1
        report.bytesChecked += bytes
    }

    private mutating func find(
        _ path: FilePath, _ problem: String, _ remedy: StoreFinding.Remedy, needsRefetch: Bool = false,
        _ repair: (() throws -> Void)? = nil
    ) throws {
        if isRepairing { try repair?() ?? quarantine(path) }
        report.findings.append(
            StoreFinding(
                path: path, problem: problem, remedy: isRepairing ? remedy : .none, needsRefetch: needsRefetch))
    }

    private func quarantine(_ path: FilePath) throws {
        let quarantine = store.root.appending("quarantine")
        try StoreDirectory.create(quarantine, mode: 0o700)
        let name = path.lastComponent?.string ?? "unnamed"
        let target = quarantine.appending(name)
        try Linux.check("move to quarantine", path.string) { rename(path.string, target.string) }
        if name.hasSuffix(".tar"), let digest = Digest(hex: name.dropLast(4)) {
            try StoreDirectory.remove(store.layers.indexPath(of: DiffID(digest)))
            store.layers.forget(DiffID(digest))
        }
    }
}
