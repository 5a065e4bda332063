internal import Archive
internal import Glibc
internal import Linux
internal import SystemPackage

/// Turns what a step wrote into a canonical layer (layer contract 1).
///
/// First a walk decides what has changed: each file of the upper directory against what the layers below show at its
/// path. Then the changes are written in the order of their paths. What was copied up and is as it was is no change.
struct UpperCommit {
    private let snapshot: WritableSnapshot
    private let below: SharedDescriptor

    /// `below` is the root of a read-only view of the layers below, ids as in the layers.
    init(_ snapshot: WritableSnapshot, below: SharedDescriptor) {
        self.snapshot = snapshot
        self.below = below
    }

    func write(to layers: LayerStore, epoch: Int64) throws -> CommitResult {
        var scan = UpperScan(ids: snapshot.ids)
        try scan.walk(snapshot.upper.descriptor, below: below, originalRoot: snapshot.originalRoot)
        let changes = scan.changes()
        let upper = DescriptorTree(root: snapshot.upper.descriptor)
        let layer = try layers.write(epoch: epoch) { writer in
            var directory = (path: EntryPath.root, descriptor: snapshot.upper.descriptor)
            for change in changes {
                switch change {
                case .removed(let path): try writer.appendWhiteout(of: path)
                case .entry(let entry):
                    guard case .file(let size, _, _) = entry.kind, size > 0, let parent = entry.path.parent else {
                        try writer.append(entry)
                        continue
                    }
                    if directory.path != parent {
                        guard let opened = try upper.open(parent, flags: O_RDONLY | O_DIRECTORY) else {
                            throw StorageError(.system, "cannot commit `\(parent)`: it has gone")
                        }
                        directory = (parent, opened)
                    }
                    let file = try OwnedDescriptor.open(Array(entry.path.name), in: directory.descriptor.rawValue)
                    try writer.append(entry, .file(SharedDescriptor(file)))
                }
            }
        }
        return CommitResult(layer: layer, warnings: scan.warnings)
    }
}
