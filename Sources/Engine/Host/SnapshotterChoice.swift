import Linux
import OCI
package import Storage
import Synchronization

/// The best snapshotter this host and store allow, found out when the first one is needed.
package final class SnapshotterChoice: Snapshotter {
    private let store: Store
    private let choice = Mutex<OverlaySnapshotter?>(nil)

    package init(store: Store) { self.store = store }

    private func snapshotter() throws -> OverlaySnapshotter {
        try choice.withLock { choice in
            if let choice { return choice }
            let made = try SnapshotterProbe.best(for: store).snapshotter
            choice = made
            return made
        }
    }

    package var name: String { (try? snapshotter().name) ?? "none" }

    package func writable(_ layers: [DiffID], ids: IDMapping, upper: UpperPolicy) async throws -> WritableSnapshot {
        try await snapshotter().writable(layers, ids: ids, upper: upper)
    }

    package func readOnly(_ layers: [DiffID], ids: IDMapping?) async throws -> ReadOnlySnapshot {
        try await snapshotter().readOnly(layers, ids: ids)
    }

    package func commit(_ snapshot: WritableSnapshot, lower: [DiffID], epoch: Int64) async throws -> CommitResult {
        try await snapshotter().commit(snapshot, lower: lower, epoch: epoch)
    }
}
