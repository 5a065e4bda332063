import Glibc
import Linux
import OCI
import SystemPackage

/// Removes files of a store, looking again before each whether somebody has come to need it.
///
/// What needs content goes before the content: a record before its layer, a name before its manifest. A layer's tar
/// goes before its index, and who opens the store after a kill in between removes the index.
struct CollectionRun {
    let store: Store

    /// Removals between two moments at which builds may get on.
    private static let batch = 32

    func carryOut(_ decisions: CollectionDecisions) throws -> CollectionReport {
        var done: [Bool] = []
        var files = decisions.files[...]
        while !files.isEmpty {
            var trees: [FilePath] = []
            try Lease.passing(store.root.appending("leases.lock"), exclusively: true) {
                let held = try Lease.held(in: store.root.appending("leases"))
                let named = try newlyNamed(since: decisions.images)
                for item in files.prefix(Self.batch) {
                    done.append(try remove(item, held, named, &trees))
                }
            }
            files = files.dropFirst(Self.batch)
            for tree in trees { try FileRemoval.removeAll(tree) }
        }
        return decisions.report(of: done)
    }

    /// Content of images that got their name after the decisions were made.
    private func newlyNamed(since images: [StoreInventory.Image]) throws -> (blobs: Set<Digest>, layers: Set<DiffID>) {
        let known = Dictionary(images.map { ($0.name, $0.digest) }) { first, _ in first }
        let current = try store.references.all()
        guard current.contains(where: { known[$0.name] != $0.descriptor.digest }) else { return ([], []) }
        let new = try StoreInventory.images(of: store).filter { known[$0.name] != $0.digest }
        return (new.reduce(into: []) { $0.formUnion($1.blobs) }, new.reduce(into: []) { $0.formUnion($1.layers) })
    }

    /// False if a running build has kept part of it.
    private func remove(
        _ files: CollectionPlan.Files, _ held: HeldContent, _ named: (blobs: Set<Digest>, layers: Set<DiffID>),
        _ trees: inout [FilePath]
    ) throws -> Bool {
        var isWhole = true
        for key in files.records { try store.records.remove(key) }
        if let reference = files.reference { try store.references.remove(reference) }
        for key in files.compressed { try store.layers.compressed.remove(key) }
        for blob in files.blobs {
            let path = store.blobs.path(of: blob)
            guard let file = try DiskFile(path) else { continue }
            if held.covers(blob, file) || named.blobs.contains(blob) {
                isWhole = false
            } else {
                try StoreDirectory.remove(path)
            }
        }
        for layer in files.layers {
            guard let file = try DiskFile(store.layers.tarPath(of: layer)) else { continue }
            if held.covers(layer.digest, file) || named.layers.contains(layer) {
                isWhole = false
            } else {
                try remove(layer, &trees)
            }
        }
        if let tree = files.tree, try !remove(tree, held, &trees) { isWhole = false }
        return isWhole
    }

    private func remove(_ layer: DiffID, _ trees: inout [FilePath]) throws {
        try StoreDirectory.remove(store.layers.tarPath(of: layer))
        try StoreDirectory.remove(store.layers.indexPath(of: layer))
        store.layers.forget(layer)
        let unpacked = store.root.appending("unpacked").appending(layer.digest.hex)
        if try DiskFile(unpacked) != nil { trees.append(try putAside(unpacked)) }
    }

    private func remove(_ tree: StoreInventory.Tree, _ held: HeldContent, _ trees: inout [FilePath]) throws -> Bool {
        // Builds do not name the stacks they have mounted.
        if tree.kind == .layer, held.since != nil { return false }
        let lockPath = FilePath(tree.path.string + ".lock")
        var lock: FileLock?
        if access(lockPath.string, F_OK) == 0 {
            lock = try FileLock.take(lockPath, .exclusive)
            if lock == nil { return false }
        }
        if try StoreDirectory.size(of: tree.path) != nil {
            try StoreDirectory.remove(tree.path)
        } else if tree.kind == .work {
            try FileRemoval.removeAll(tree.path)
            unlink(lockPath.string)
        } else {
            trees.append(try putAside(tree.path))
        }
        withExtendedLifetime(lock) {}
        return true
    }

    /// At once under a name that nobody looks for; removing all of it takes time.
    private func putAside(_ path: FilePath) throws -> FilePath {
        let aside = path.removingLastComponent().appending(try store.session.temporaryName())
        try check("rename", path.string) { rename(path.string, aside.string) }
        return aside
    }
}
