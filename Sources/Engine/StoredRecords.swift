import Build
import OCI
import Storage
import Synchronization

/// Cache records in the store. A record counts only if its layers can be had: here, or from a base image's registry.
///
/// Builds with a scope read what everybody recorded and what was recorded under their scope, and record under that alone:
/// nothing of theirs ever reaches a build without it.
struct StoredRecords: CacheRecords {
    let store: Store
    let origins: LayerOrigins
    /// Keeps the layers of records that were of use.
    let lease: Lease
    let scope: String?
    private let kept = KeptLayers()

    init(store: Store, origins: LayerOrigins, lease: Lease, scope: String?) {
        self.store = store
        self.origins = origins
        self.lease = lease
        self.scope = scope
    }

    func record(for key: CacheKey) async -> CacheRecord? {
        if scope != nil, let record = stored(place(of: key)) { return record }
        return stored(key.digest)
    }

    func save(_ record: CacheRecord, for keys: [CacheKey]) async throws {
        for key in keys { try store.records.put(record.bytes, for: place(of: key)) }
    }

    private func place(of key: CacheKey) -> Digest {
        scope.map { Digest.of((["scope": .string($0), "key": .string(key.description)] as JSON).canonicalBytes) }
            ?? key.digest
    }

    /// Whether the layers can be had. What is here stays: it is protected first and looked for then.
    func canProvide(_ chain: LayerChain) -> Bool {
        let unknown = kept.without(chain.layers)
        guard (try? lease.protect(unknown)) != nil else { return false }
        for layer in unknown {
            if store.layers.contains(layer) { kept.insert(layer) } else if origins[layer] == nil { return false }
        }
        return true
    }

    private func stored(_ key: Digest) -> CacheRecord? {
        // A record that cannot be read is a miss: the step runs again and writes it anew.
        guard let bytes = try? store.records.get(key), let record = try? CacheRecord(parsing: bytes),
            canProvide(record.chain)
        else { return nil }
        // Another build may be handed the layer by this one, without a look at the record.
        if let layer = record.chain.layers.last { _ = try? store.layers.claim(layer) }
        // A mark that cannot be set makes the record look older, no more.
        try? store.records.noteUse(of: key)
        return record
    }
}

/// Layers that were found under a lease, which keeps them: the records of a stack's steps name each again and again.
private final class KeptLayers: Sendable {
    private let layers = Mutex<Set<DiffID>>([])

    func without(_ chain: [DiffID]) -> [DiffID] { layers.withLock { known in chain.filter { !known.contains($0) } } }

    func insert(_ layer: DiffID) { _ = layers.withLock { $0.insert(layer) } }
}
