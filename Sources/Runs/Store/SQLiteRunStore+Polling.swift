import GRDB
package import Pipeline

extension SQLiteRunStore {
    package func record(_ observation: RefObservation, at now: Timestamp) async throws -> PollResult {
        try await write { db in
            let repository = observation.repository.text
            let comparison = RefComparison(
                observation, known: try Self.heads(of: repository, in: db),
                watched: try Self.watchedTriggers(of: repository, in: db))
            for change in comparison.changes { try Self.store(change, of: repository, at: now, in: db) }
            for watch in comparison.newlyWatched {
                try db.execute(
                    sql: "INSERT INTO watched_triggers (repository, pipeline, trigger_name, kind) VALUES (?, ?, ?, ?)",
                    arguments: [repository, watch.pipeline.text, watch.trigger.text, watch.kind.rawValue])
            }
            try db.execute(
                sql: """
                    INSERT INTO polls (repository, polled_at, succeeded_at, failures) VALUES (:url, :now, :now, 0)
                    ON CONFLICT (repository) DO UPDATE
                    SET polled_at = :now, succeeded_at = :now, failures = 0, message = NULL
                    """,
                arguments: ["url": repository, "now": now.milliseconds])
            let queued = try comparison.requests.compactMap { try Run.insert($0, at: now, in: db) }
            let gone = comparison.changes.filter { $0.new == nil }.map(\.ref)
            let cancelled = try gone.flatMap { try Self.cancelQueued(of: repository, ref: $0, at: now, in: db) }
            return PollResult(changes: comparison.changes, queued: queued, cancelled: cancelled)
        }
    }

    package func recordFailedPoll(
        of repository: RepositoryURL, _ message: String, at now: Timestamp
    ) async throws {
        try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO polls (repository, polled_at, failures, message) VALUES (:url, :now, 1, :message)
                    ON CONFLICT (repository) DO UPDATE
                    SET polled_at = :now, failures = failures + 1, message = :message
                    """,
                arguments: ["url": repository.text, "now": now.milliseconds, "message": message])
        }
    }

    package func polls() async throws -> [PollRecord] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM polls ORDER BY repository").map { row in
                PollRecord(
                    repository: try RepositoryURL(row["repository"]),
                    polledAt: Timestamp(milliseconds: row["polled_at"]), succeededAt: Timestamp(row["succeeded_at"]),
                    failures: row["failures"], message: row["message"])
            }
        }
    }

    private static func heads(of repository: String, in db: Database) throws -> [RefName: CommitID] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT ref, commit_id FROM heads WHERE repository = ?", arguments: [repository])
        var heads: [RefName: CommitID] = [:]
        for row in rows {
            guard let ref = RefName(full: row["ref"]) else { continue }
            heads[ref] = try CommitID(row["commit_id"])
        }
        return heads
    }

    private static func watchedTriggers(of repository: String, in db: Database) throws -> Set<WatchedTrigger> {
        let rows = try Row.fetchAll(
            db, sql: "SELECT pipeline, trigger_name, kind FROM watched_triggers WHERE repository = ?",
            arguments: [repository])
        return Set(
            try rows.compactMap { row in
                guard let kind = RefName.Kind(rawValue: row["kind"]) else { return nil }
                return WatchedTrigger(
                    pipeline: try PipelineName(row["pipeline"]), trigger: try TriggerName(row["trigger_name"]),
                    kind: kind)
            })
    }

    private static func store(
        _ change: RefChange, of repository: String, at now: Timestamp, in db: Database
    ) throws {
        guard let commit = change.new else {
            try db.execute(
                sql: "DELETE FROM heads WHERE repository = ? AND ref = ?", arguments: [repository, change.ref.full])
            return
        }
        try db.execute(
            sql: """
                INSERT INTO heads (repository, ref, commit_id, seen_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (repository, ref) DO UPDATE SET commit_id = excluded.commit_id, seen_at = excluded.seen_at
                """,
            arguments: [repository, change.ref.full, commit.hex, now.milliseconds])
    }

    private static func cancelQueued(
        of repository: String, ref: RefName, at now: Timestamp, in db: Database
    ) throws -> [Run] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT * FROM runs WHERE state = 'queued' AND repository = ? AND ref = ? AND manual_token = ''",
            arguments: [repository, ref.full])
        return try rows.map { row in
            var run = try Run(row)
            run.lifecycle.cancel("\(ref.kind) `\(ref.name)` was deleted", at: now)
            try run.update(in: db)
            return run
        }
    }
}
