import Archive
import Linux
import OCI
import Storage
import SystemPackage
import Testing

/// The ways to show layers; every test of the suite holds for each.
enum SnapshotterKind: String, CaseIterable, Sendable {
    case mounting, unpacking

    func make(_ store: Store) -> OverlaySnapshotter {
        switch self {
        case .mounting: .mounting(store)
        case .unpacking: .unpacking(store)
        }
    }
}

/// A store with a snapshotter and what tests do with them.
struct SnapshotFixture {
    let place: TestStore
    let snapshotter: OverlaySnapshotter
    let ids = IDMapping(base: 300_000)
    static let epoch: Int64 = 1 << 34

    init(_ kind: SnapshotterKind) throws {
        place = try TestStore()
        snapshotter = kind.make(place.store)
    }

    func add(_ items: TestItem...) throws -> DiffID { try place.add(items) }

    /// What `layers` show, ids as in the layers.
    func tree(_ layers: [DiffID], times: Bool = true) async throws -> TreeDescription {
        let snapshot = try await snapshotter.readOnly(layers, ids: nil)
        return try TreeDescription(of: snapshot.rootDescriptor.rawValue, times: times)
    }

    func names(_ layers: [DiffID]) async throws -> [String] {
        try await tree(layers).lines.keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    func writable(_ layers: [DiffID], memory: MemoryBudget? = MemoryBudget(total: 1 << 28, share: 1 << 28)) async throws
        -> WritableSnapshot
    {
        try await snapshotter.writable(layers, ids: ids, upper: UpperPolicy(memory: memory, disk: place.work))
    }

    /// Runs a shell script in the root of `snapshot` as its root, with `$B` the number of that on the host.
    @discardableResult
    func change(_ snapshot: WritableSnapshot, _ script: String) async throws -> Command.Result {
        let rights = "+chown,+dac_override,+fowner,+fsetid,+mknod,+setfcap"
        var command = Command(
            "/usr/bin/setpriv",
            [
                "--reuid=\(ids.base)", "--regid=\(ids.base)", "--clear-groups", "--inh-caps=\(rights)",
                "--ambient-caps=\(rights)",
                "/bin/bash", "-ec", "cd /proc/self/fd/3; umask 022; B=\(ids.base); \(script)",
            ])
        command.descriptors = [snapshot.rootDescriptor]
        return try await command.run()
    }

    func commit(_ snapshot: WritableSnapshot, over layers: [DiffID], epoch: Int64 = epoch) async throws -> CommitResult
    {
        try await snapshotter.commit(snapshot, lower: layers, epoch: epoch)
    }

    /// The layer of what a script changes.
    func step(_ layers: [DiffID], _ script: String) async throws -> CommitResult {
        let snapshot = try await writable(layers)
        let result = try await change(snapshot, script)
        try #require(result.status.isSuccess, "\(result.errorText)")
        return try await commit(snapshot, over: layers)
    }

    func paths(of layer: Layer) throws -> [String] {
        try place.store.layers.entries(of: layer.diffID).map { $0.path.description }
    }
}
