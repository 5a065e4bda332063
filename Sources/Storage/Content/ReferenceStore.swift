package import OCI
import SystemPackage

/// Names of images in this store (`name:tag`), each for a manifest or index.
package final class ReferenceStore: Sendable {
    let records: RecordStore

    init(_ records: RecordStore) { self.records = records }

    package struct Entry: Hashable, Sendable {
        package let name: String
        package let descriptor: Descriptor
    }

    /// nil if nothing has the name.
    package func get(_ name: String) throws -> Descriptor? {
        try records.get(key(of: name)).flatMap(ReferenceStore.entry)?.descriptor
    }

    /// Says that the image was of use.
    package func noteUse(of name: String) throws { try records.noteUse(of: key(of: name)) }

    /// Gives `descriptor` the name, taking it from what had it. Flushed to disk when this returns.
    package func put(_ descriptor: Descriptor, as name: String) throws {
        let json: JSON = ["name": .string(name), "descriptor": descriptor.json]
        try records.put(json.canonicalBytes, for: key(of: name), durable: true)
    }

    /// False if nothing had the name.
    @discardableResult
    package func remove(_ name: String) throws -> Bool {
        guard try get(name) != nil else { return false }
        try records.remove(key(of: name))
        return true
    }

    /// Every name, in bytewise order.
    package func all() throws -> [Entry] {
        try records.keys().compactMap { try records.get($0).flatMap(ReferenceStore.entry) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    func path(of name: String) -> FilePath { records.path(of: key(of: name)) }

    private func key(of name: String) -> Digest { .of(Array(name.utf8)) }

    private static func entry(_ bytes: [UInt8]) -> Entry? {
        guard let json = try? JSON(parsing: bytes), let name = json["name"]?.stringValue,
            let descriptor = json["descriptor"].flatMap({ try? Descriptor(json: $0) })
        else { return nil }
        return Entry(name: name, descriptor: descriptor)
    }
}
