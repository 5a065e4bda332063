internal import Glibc
package import Linux
package import OCI
import Synchronization
internal import SystemPackage

/// Stacks layers with overlayfs. Where single layers come from, mounted or unpacked, makes no difference to what the
/// stack shows.
package final class OverlaySnapshotter: Snapshotter {
    private let source: any LayerSource
    private let store: Store
    /// Mounts are made one after the other, so that no two builds mount the same layer.
    private let thread = BlockingThread(label: "mounts")
    private let layers = Mutex(LayerCache())
    private let namespaces = Mutex<[IDMapping: SharedDescriptor]>([:])
    private let fixedLayers = Mutex<FixedLayers?>(nil)

    /// Layers of our own that stand below others.
    private struct FixedLayers {
        /// Shows nothing: overlayfs wants two layers where there is one.
        var empty: LayerDirectory
        var emptyID: DiffID
        var stubs: LayerDirectory
    }

    init(_ source: any LayerSource, store: Store) {
        self.source = source
        self.store = store
    }

    /// Layers are mounted from their tars by an index: nothing is unpacked.
    package static func mounting(_ store: Store) -> OverlaySnapshotter {
        OverlaySnapshotter(ErofsLayers(store: store.layers), store: store)
    }

    /// Layers are unpacked into directories of the store.
    package static func unpacking(_ store: Store) -> OverlaySnapshotter {
        OverlaySnapshotter(UnpackedLayers(store: store), store: store)
    }

    package var name: String { source.name }

    package func writable(
        _ layers: [DiffID], ids: IDMapping, upper: UpperPolicy, mountPoints: [MountPoint]
    ) async throws -> WritableSnapshot {
        try await thread.run { try self.makeWritable(layers, ids, upper, mountPoints) }
    }

    package func readOnly(
        _ layers: [DiffID], ids: IDMapping?, mountPoints: [MountPoint]
    ) async throws -> ReadOnlySnapshot {
        try await thread.run { try self.makeReadOnly(layers, ids, mountPoints) }
    }

    package func commit(_ snapshot: WritableSnapshot, lower: [DiffID], epoch: Int64) async throws -> CommitResult {
        let below = try await readOnly(lower, ids: nil)
        let layers = store.layers
        return try await BlockingThread(label: "commit").run {
            try UpperCommit(snapshot, below: below.rootDescriptor).write(to: layers, epoch: epoch)
        }
    }

    // MARK: Stacks

    /// Besides those of our own: stubs and mount points.
    private static let maximumLayers = DetachedMount.maximumOverlayLayers - 2

    private struct Stack {
        /// Topmost first.
        var lowers: [LayerDirectory]
        var root = RootMetadata()
    }

    private func stack(_ ids: [DiffID]) throws -> Stack {
        let fixed = try fixed()
        // A layer that is in the stack twice shows once, where it is topmost: applying it a second time hides and sets
        // everything that the first time did.
        var seen: Set<DiffID> = [fixed.emptyID]
        let ids = Array(ids.reversed().filter { seen.insert($0).inserted }.reversed())
        guard ids.count <= Self.maximumLayers else {
            throw StorageError(
                .limit, "cannot stack \(ids.count) layers: overlayfs takes \(Self.maximumLayers)")
        }
        var stack = Stack(lowers: [])
        for (position, id) in ids.enumerated() {
            var layer = try layer(.layer(id)) { try source.layer(id, chain: nil) }
            if layer.marks.hidesLowerLayers {
                stack = Stack(lowers: [])
            } else if layer.marks.impliesDirectories, !stack.lowers.isEmpty, let chain = ChainID(of: ids[...position]) {
                let below = stack.lowers
                layer = try self.layer(.chain(chain)) {
                    try source.layer(id, chain: (chain, DescriptorTree(root: try mount(below, ids: nil))))
                }
            }
            stack.lowers.insert(layer, at: 0)
            if layer.marks.describesRoot {
                let status = try FileStatus.of(layer.root.rawValue)
                stack.root = RootMetadata(mode: status.mode, uid: status.uid, gid: status.gid)
            }
        }
        return stack
    }

    private func layer(_ key: LayerKey, _ make: () throws -> LayerDirectory) throws -> LayerDirectory {
        if let layer = layers.withLock({ $0[key] }), source.isCurrent(key) { return layer }
        let layer = try make()
        layers.withLock { $0[key] = layer }
        return layer
    }

    private func fixed() throws -> FixedLayers {
        if let fixed = fixedLayers.withLock({ $0 }) { return fixed }
        let empty = try store.layers.write(epoch: 0) { _ in }
        let stubs = try store.layers.write(epoch: 0, MountStubs.write)
        let fixed = FixedLayers(
            empty: try source.layer(empty.diffID, chain: nil), emptyID: empty.diffID,
            stubs: try source.layer(stubs.diffID, chain: nil))
        fixedLayers.withLock { $0 = fixed }
        return fixed
    }

    // MARK: Mounts

    private func mount(_ lowers: [LayerDirectory], ids: IDMapping?) throws -> SharedDescriptor {
        // One layer goes through overlayfs as well: it may hold whiteouts, which must not show.
        let lowers = lowers.count < 2 ? lowers + [try fixed().empty] : lowers
        if lowers.count == 1 { return try shown(lowers[0], ids: ids) }
        return try overlay(lowers, ids: ids)
    }

    private func makeReadOnly(
        _ ids: [DiffID], _ mapping: IDMapping?, _ mountPoints: [MountPoint]
    ) throws -> ReadOnlySnapshot {
        let lowers = try stack(ids).lowers
        guard let layer = try layer(of: mountPoints, on: lowers) else {
            return ReadOnlySnapshot(try mount(lowers, ids: mapping))
        }
        let directory = SharedDescriptor(try DetachedMount.tmpfs(size: 1 << 20, mode: "0755").release())
        try layer.write(below: directory, ids: mapping)
        return ReadOnlySnapshot(try overlay(lowers + [try fixed().empty], ids: mapping, mountPoints: directory))
    }

    private func makeWritable(
        _ ids: [DiffID], _ mapping: IDMapping, _ policy: UpperPolicy, _ mountPoints: [MountPoint]
    ) throws -> WritableSnapshot {
        let stack = try stack(ids)
        var root = stack.root
        guard let uid = mapping.outside(root.uid), let gid = mapping.outside(root.gid) else {
            throw StorageError(
                .invalidLayer,
                "the root directory belongs to \(root.uid):\(root.gid), beyond the \(mapping.count) ids of a build")
        }
        (root.uid, root.gid) = (uid, gid)
        let upper = try UpperDirectory(policy, root: root)
        let points = try layer(of: mountPoints, on: stack.lowers)
        let directory = try points.map { _ in try upper.makeLower() }
        if let points, let directory { try points.write(below: directory, ids: mapping) }
        let mount = try overlay(
            stack.lowers + [try fixed().stubs], ids: mapping, upper: upper, mountPoints: directory)
        return WritableSnapshot(root: mount, upper: upper, ids: mapping, originalRoot: stack.root)
    }

    /// nil if the layers have all of them.
    private func layer(of points: [MountPoint], on lowers: [LayerDirectory]) throws -> MountPointLayer? {
        if points.isEmpty { return nil }
        let layer = try MountPointLayer(points, on: DescriptorTree(root: try mount(lowers, ids: nil)))
        return layer.isEmpty ? nil : layer
    }

    private func overlay(
        _ lowers: [LayerDirectory], ids: IDMapping?, upper: UpperDirectory? = nil, mountPoints: SharedDescriptor? = nil
    ) throws -> SharedDescriptor {
        do {
            // The overlay makes private copies of these mounts; they are needed until it is made.
            let shown = try (mountPoints.map { [$0] } ?? []) + lowers.map { try self.shown($0, ids: ids) }
            let mount = try DetachedMount.overlay(lowers: shown, upper: upper.map { ($0.descriptor, $0.work) })
            return SharedDescriptor(mount.release())
        } catch let error as MountError {
            throw StorageError(.unsupported, "cannot stack \(lowers.count) layers", cause: error)
        }
    }

    /// The layer with its ids as `ids` wants them.
    private func shown(_ layer: LayerDirectory, ids: IDMapping?) throws -> SharedDescriptor {
        guard let ids else { return layer.root }
        let namespace = try namespace(ids)
        return SharedDescriptor(
            try DetachedMount.clone(of: layer.root.rawValue, idmappedBy: namespace.rawValue).release())
    }

    private func namespace(_ ids: IDMapping) throws -> SharedDescriptor {
        if let namespace = namespaces.withLock({ $0[ids] }) { return namespace }
        let namespace = SharedDescriptor(try UserNamespace(ids).release())
        namespaces.withLock { $0[ids] = namespace }
        return namespace
    }
}

/// The layers used last. Beyond the limit only those that a snapshot holds.
private struct LayerCache {
    private struct Slot {
        var layer: LayerDirectory
        var used: Int
    }

    private static let limit = 128
    private var slots: [LayerKey: Slot] = [:]
    private var clock = 0

    subscript(key: LayerKey) -> LayerDirectory? {
        mutating get {
            clock += 1
            slots[key]?.used = clock
            return slots[key]?.layer
        }
        set {
            clock += 1
            slots[key] = newValue.map { Slot(layer: $0, used: clock) }
            if slots.count > Self.limit, let oldest = slots.min(by: { $0.value.used < $1.value.used })?.key {
                slots[oldest] = nil
            }
        }
    }
}
