import Build
import Storage

/// Cache records in the store. A record counts only if its layers can be had: here, or from a base image's registry.
struct StoredRecords: CacheRecords {
    let store: Store
    let origins: LayerOrigins

    func record(for key: CacheKey) async -> CacheRecord? {
        // A record that cannot be read is a miss: the step runs again and writes it anew.
        guard let bytes = try? store.records.get(key.digest), let record = try? CacheRecord(parsing: bytes),
            record.chain.layers.allSatisfy({ store.layers.contains($0) || origins[$0] != nil })
        else { return nil }
        return record
    }

    func save(_ record: CacheRecord, for keys: [CacheKey]) async throws {
        for key in keys { try store.records.put(record.bytes, for: key.digest) }
    }
}
