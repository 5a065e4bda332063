package import Linux
internal import SystemPackage

/// Which ways of showing layers this host and store allow, found by trying them.
package struct SnapshotterProbe: Sendable {
    package struct Result: Sendable {
        package let name: String
        /// nil: it works.
        package let refusal: String?
    }

    /// In the order of preference, up to the first that works.
    package let results: [Result]
    /// The first that works; nil if none does.
    package let snapshotter: (any Snapshotter)?

    /// Mounts a stack of our own in each way, ids mapped to `ids`, and writes nothing but that.
    package static func run(_ store: Store, ids: IDMapping) async -> SnapshotterProbe {
        var results: [Result] = []
        for snapshotter in [OverlaySnapshotter.mounting(store), .unpacking(store)] {
            let refusal = await refusal(of: snapshotter, store, ids)
            results.append(Result(name: snapshotter.name, refusal: refusal))
            if refusal == nil { return SnapshotterProbe(results: results, snapshotter: snapshotter) }
        }
        return SnapshotterProbe(results: results, snapshotter: nil)
    }

    private static func refusal(of snapshotter: OverlaySnapshotter, _ store: Store, _ ids: IDMapping) async -> String? {
        do {
            let policy = UpperPolicy(
                memory: MemoryBudget(total: 1 << 20, share: 1 << 20), disk: store.root.appending("work"))
            let snapshot = try await snapshotter.writable([], ids: ids, upper: policy)
            let owner = try FileStatus.of(Array(MountStubs.directories[0].utf8), in: snapshot.rootDescriptor.rawValue)
                .uid
            return owner == ids.base ? nil : "ids are not mapped: root became \(owner)"
        } catch {
            if snapshotter.name == "erofs", let refusal = store.mountRefusal { return refusal }
            return "\(error)"
        }
    }
}
