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
    /// Whether steps that another process carries out are waited for.
    let isPatient: Bool
    private let kept = KeptLayers()

    init(store: Store, origins: LayerOrigins, lease: Lease, scope: String?, isPatient: Bool) {
        self.store = store
        self.origins = origins
        self.lease = lease
        self.scope = scope
        self.isPatient = isPatient
    }

    func record(for key: CacheKey) async -> CacheRecord? {
        if scope != nil, let record = stored(place(of: key)) { return record }
        return stored(key.digest)
    }

    func save(_ record: CacheRecord, for keys: [CacheKey]) async throws {
        for key in keys { try store.records.put(record.bytes, for: place(of: key)) }
    }

    /// Looks through all records: a question of builds that are about to fail.
    func mayHold(resultsFor platform: Platform) async -> Bool {
        let member = Array("\"platform\":\"\(platform)\"".utf8)
        guard let keys = try? store.records.keys() else { return true }
        return keys.contains { key in
            guard let bytes = try? store.records.get(key) else { return false }
            return bytes.firstRange(of: member) != nil
        }
    }

    /// Builds of other scopes neither wait nor are waited for.
    func turn(for key: CacheKey, waiting: @Sendable () -> Void) async throws -> any Sendable {
        isPatient ? try await store.turn(for: place(of: key), waiting: waiting) : ()
    }

    private func place(of key: CacheKey) -> Digest {
        scope.map { Digest.of((["scope": .string($0), "key": .string(key.description)] as JSON).canonicalBytes) }
            ?? key.digest
    }

    /// Whether the layers can be had. What is here stays: it is protected first and looked for then.
    func canProvide(_ chain: LayerChain) -> Bool {
        let unknown = kept.without(chain.layers)
        guard (try? lease.protect(unknown)) != nil else { return false }
        // Another build may be handed a layer by this one, without a look at the record.
        guard let missing = try? store.layers.claim(unknown) else { return false }
        kept.insert(unknown.filter { !missing.contains($0) })
        return missing.allSatisfy { origins[$0] != nil }
    }

    private func stored(_ key: Digest) -> CacheRecord? {
        // A record that cannot be read is a miss: the step runs again and writes it anew.
        guard let bytes = try? store.records.get(key), let record = try? CacheRecord(parsing: bytes),
            canProvide(record.chain)
        else { return nil }
        // A mark that cannot be set makes the record look older, no more.
        try? store.records.noteUse(of: key)
        return record
    }
}

/// Layers that were found under a lease, which keeps them: the records of a stack's steps name each again and again.
private final class KeptLayers: Sendable {
    private let layers = Mutex<Set<DiffID>>([])

    func without(_ chain: [DiffID]) -> [DiffID] { layers.withLock { known in chain.filter { !known.contains($0) } } }

    func insert(_ found: [DiffID]) { layers.withLock { $0.formUnion(found) } }
}
