import GRDB
package import SystemPackage

/// The run store of one machine: a SQLite database in WAL mode, written by one process.
///
/// `synchronous=NORMAL` loses no consistency and, unless the power fails, no transaction; a run forgotten to be
/// finished is run again.
package struct SQLiteRunStore: RunStore {
    private let pool: DatabasePool

    /// Opens the database at `path`, creating it or bringing it to the present schema.
    package init(path: FilePath) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "runs"
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        let migrator = RunSchema.migrator
        do {
            pool = try DatabasePool(path: path.string, configuration: configuration)
            let isNewer = try pool.read { try migrator.hasBeenSuperseded($0) }
            guard !isNewer else {
                throw RunsError(.unusableDatabase, "database `\(path)` was written by a newer version")
            }
            try migrator.migrate(pool)
        } catch let error as DatabaseError {
            let reason = error.message ?? "\(error.resultCode)"
            throw RunsError(.unusableDatabase, "cannot open database `\(path)`: \(reason)")
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await pool.read(body)
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await pool.write(body)
    }
}
