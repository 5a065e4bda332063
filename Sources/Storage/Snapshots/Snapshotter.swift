package import Linux
package import OCI

/// Shows stacks of layers as directory trees.
///
/// Layers are named lowest first. Nothing is ever attached to a mount namespace: snapshots are detached mounts held by
/// descriptor, and whoever needs one at a place attaches it in a namespace of its own.
package protocol Snapshotter: Sendable {
    /// How layers are shown, for people.
    var name: String { get }

    /// `layers` merged and writable. The ids of the layers appear shifted into `ids`; what is written belongs there too.
    /// `mountPoints` exist whatever the layers hold, like the places every step mounts on (`MountStubs`).
    func writable(
        _ layers: [DiffID], ids: IDMapping, upper: UpperPolicy, mountPoints: [MountPoint]
    ) async throws -> WritableSnapshot

    /// `layers` merged, as their archives say; shifted into `ids` if that is given. `mountPoints` exist besides.
    func readOnly(
        _ layers: [DiffID], ids: IDMapping?, mountPoints: [MountPoint]
    ) async throws -> ReadOnlySnapshot

    /// Makes a canonical layer of what was written to `snapshot` since it was made over `lower`. No process may write
    /// to it any more. No change gives the empty layer. Times after `epoch` become `epoch`.
    func commit(_ snapshot: WritableSnapshot, lower: [DiffID], epoch: Int64) async throws -> CommitResult
}

extension Snapshotter {
    package func writable(_ layers: [DiffID], ids: IDMapping, upper: UpperPolicy) async throws -> WritableSnapshot {
        try await writable(layers, ids: ids, upper: upper, mountPoints: [])
    }

    package func readOnly(_ layers: [DiffID], ids: IDMapping?) async throws -> ReadOnlySnapshot {
        try await readOnly(layers, ids: ids, mountPoints: [])
    }
}

package struct CommitResult: Sendable {
    package let layer: Layer
    /// What was left out, for people.
    package let warnings: [String]
}

/// A stack of layers to read.
package final class ReadOnlySnapshot: Sendable {
    /// The root of a detached mount.
    package let rootDescriptor: SharedDescriptor

    init(_ root: SharedDescriptor) { rootDescriptor = root }
}

/// A stack of layers with a directory on top that takes what is written. Dropping it drops what was written.
package final class WritableSnapshot: Sendable {
    /// The root of a detached mount: attach it where the root of a sandbox shall be.
    package let rootDescriptor: SharedDescriptor
    package let upper: UpperDirectory
    package let ids: IDMapping
    /// What the root directory was before anything was written, ids as in the layers.
    let originalRoot: RootMetadata

    init(root: SharedDescriptor, upper: UpperDirectory, ids: IDMapping, originalRoot: RootMetadata) {
        rootDescriptor = root
        self.upper = upper
        self.ids = ids
        self.originalRoot = originalRoot
    }
}

/// Mode and owner of the root of a stack: those of the topmost layer that has an entry for it.
struct RootMetadata: Hashable, Sendable {
    var mode: UInt16 = 0o755
    var uid: UInt32 = 0
    var gid: UInt32 = 0
}
