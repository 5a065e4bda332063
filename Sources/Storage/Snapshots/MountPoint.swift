/// A place on which something will be mounted while a step runs, whether or not the layers have it.
///
///     let snapshot = try await snapshotter.writable(
///         chain.layers, ids: ids, upper: upper,
///         mountPoints: mounts.map { MountPoint($0.target, $0.isDirectory ? .directory : .file) })
///     spec.mounts = …                     // the same targets, in any order
///
/// Give all the targets of a step. What is missing stands below everything the step writes, so it is in no layer: a
/// commit needs no list of what to leave out. A directory that was made on the way to a mount point is committed, like
/// any other, if the step writes into it beside the mount point.
package struct MountPoint: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case directory, file
    }

    /// An absolute path. Symbolic links of the layers are followed inside their root, also at the end.
    package var path: String
    package var kind: Kind

    package init(_ path: String, _ kind: Kind) {
        self.path = path
        self.kind = kind
    }
}
