package import Linux
package import OCI
package import Storage

/// The best snapshotter this host and store allow, found out when the first one is needed.
package actor SnapshotterChoice: Snapshotter {
    private let store: Store
    private var choice: Task<any Snapshotter, any Error>?

    package init(store: Store) { self.store = store }

    private func snapshotter(_ ids: IDMapping) async throws -> any Snapshotter {
        if let choice { return try await choice.value }
        let task = Task { [store] () throws -> any Snapshotter in
            let probe = await SnapshotterProbe.run(store, ids: ids)
            if let snapshotter = probe.snapshotter { return snapshotter }
            let reasons = probe.results.map { "\($0.name): \($0.refusal ?? "works")" }.joined(separator: "; ")
            throw EngineError("this host cannot show layers as a file system: \(reasons); `caisson doctor` says more")
        }
        choice = task
        return try await task.value
    }

    private var anyIDs: IDMapping { IDMapping(base: 1_879_048_192) }

    package nonisolated var name: String { "automatic" }

    package func writable(
        _ layers: [DiffID], ids: IDMapping, upper: UpperPolicy, mountPoints: [MountPoint]
    ) async throws -> WritableSnapshot {
        try await snapshotter(ids).writable(layers, ids: ids, upper: upper, mountPoints: mountPoints)
    }

    package func readOnly(
        _ layers: [DiffID], ids: IDMapping?, mountPoints: [MountPoint]
    ) async throws -> ReadOnlySnapshot {
        try await snapshotter(ids ?? anyIDs).readOnly(layers, ids: ids, mountPoints: mountPoints)
    }

    package func commit(_ snapshot: WritableSnapshot, lower: [DiffID], epoch: Int64) async throws -> CommitResult {
        try await snapshotter(snapshot.ids).commit(snapshot, lower: lower, epoch: epoch)
    }
}
