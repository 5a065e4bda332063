import Build
import OCI
import Storage

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
    func canProvide(_ chain: LayerChain) -> Bool { (try? lease.protect(chain.layers)) != nil && isHere(chain) }

    private func isHere(_ chain: LayerChain) -> Bool {
        chain.layers.allSatisfy { store.layers.contains($0) || origins[$0] != nil }
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
