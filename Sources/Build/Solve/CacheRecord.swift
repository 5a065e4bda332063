package import OCI

/// What a step resulted in, under the key that names it, with what the key was made of.
package struct CacheRecord: Hashable, Sendable {
    /// The whole stack, lowest first; the last layer is the step's own.
    package let chain: LayerChain
    /// For `explain`: the same JSON whose hash is the key.
    package let ingredients: JSON
    /// What people call the step.
    package let title: String
    /// Seconds since 1970.
    package let created: Int64
    package let milliseconds: Int64
    /// For a record from elsewhere, whose ingredients did not come along.
    private var writtenKey: CacheKey?

    /// The key by the content of the inputs.
    var contentKey: CacheKey { writtenKey ?? CacheKey(ingredients) }

    /// Whether it came from elsewhere for this build.
    package var isImported: Bool { writtenKey != nil }

    /// A record that another store has left.
    package init(imported record: CacheDocument.Record, key: CacheKey) {
        self.init(
            chain: record.chain, ingredients: [:], title: record.title, created: record.created,
            milliseconds: record.milliseconds)
        writtenKey = record.keys.last ?? key
    }

    package init(chain: LayerChain, ingredients: JSON, title: String, created: Int64, milliseconds: Int64) {
        self.chain = chain
        self.ingredients = ingredients
        self.title = title
        self.created = created
        self.milliseconds = milliseconds
    }

    package init(parsing bytes: [UInt8]) throws(OCIError) {
        let json = try JSON(parsing: bytes)
        guard let layers = json["layers"]?.arrayValue, let ingredients = json["ingredients"] else {
            throw OCIError(.invalidDocument, "cache record has no layers or no ingredients")
        }
        var chain: [DiffID] = []
        for layer in layers { chain.append(DiffID(try Digest(parsing: layer.stringValue ?? ""))) }
        self.init(
            chain: LayerChain(chain), ingredients: ingredients, title: json["title"]?.stringValue ?? "",
            created: json["created"]?.integerValue ?? 0, milliseconds: json["milliseconds"]?.integerValue ?? 0)
    }

    package var bytes: [UInt8] {
        let json: JSON = [
            "created": .integer(created), "ingredients": ingredients,
            "layers": .array(chain.layers.map { .string($0.description) }), "milliseconds": .integer(milliseconds),
            "title": .string(title),
        ]
        return json.canonicalBytes
    }
}

/// Where cache records are kept. A record is written after the layers it names are durable.
package protocol CacheRecords: Sendable {
    /// nil for what is not there, cannot be read, or names layers that are gone.
    func record(for key: CacheKey) async -> CacheRecord?

    func save(_ record: CacheRecord, for keys: [CacheKey]) async throws

    /// Whether a command for `platform` may have left a result, under whatever key.
    func mayHold(resultsFor platform: Platform) async -> Bool

    /// Returns when nobody else, in whatever process, carries out the work of that name; nobody does as long as the
    /// result lives. `waiting` is called once if somebody does.
    func turn(for key: CacheKey, waiting: @Sendable () -> Void) async throws -> any Sendable
}

extension CacheRecords {
    package func mayHold(resultsFor platform: Platform) async -> Bool { true }

    package func turn(for key: CacheKey, waiting: @Sendable () -> Void) async throws -> any Sendable { () }
}
