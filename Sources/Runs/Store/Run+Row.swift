import GRDB
import Pipeline

extension Run {
    init(_ row: Row) throws {
        id = RunID(row["id"])
        createdAt = Timestamp(milliseconds: row["created_at"])
        request = try RunRequest(row)
        lifecycle = try RunLifecycle(row)
    }

    static func find(_ id: RunID, in db: Database) throws -> Run {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id.number]) else {
            throw RunsError(.unknownRun, "there is no run \(id)")
        }
        return try Run(row)
    }

    /// The new run of `request`; nil when there is one already.
    static func insert(_ request: RunRequest, at now: Timestamp, in db: Database) throws -> Run? {
        let token = if case .manual(let token) = request.cause { token } else { "" }
        try db.execute(
            sql: """
                INSERT INTO runs (pipeline, trigger_name, repository, ref, commit_id, manual_token, created_at,
                                  state, attempt, faults)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
                ON CONFLICT DO NOTHING
                """,
            arguments: [
                request.pipeline.text, request.trigger.text, request.repository.text, request.ref.full,
                request.commit.hex, token, now.milliseconds, RunLifecycle.State.queued.rawValue,
            ])
        return db.changesCount == 1 ? try find(RunID(db.lastInsertedRowID), in: db) : nil
    }

    /// The run of an equal request.
    static func find(_ request: RunRequest, in db: Database) throws -> Run {
        let token = if case .manual(let token) = request.cause { token } else { "" }
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM runs
                WHERE pipeline = ? AND trigger_name = ? AND ref = ? AND commit_id = ? AND manual_token = ?
                """,
            arguments: [
                request.pipeline.text, request.trigger.text, request.ref.full, request.commit.hex, token,
            ])
        guard let row else { throw RunsError(.unknownRun, "there is no run of \(request.ref) at \(request.commit)") }
        return try Run(row)
    }

    /// Writes the lifecycle back after a transition.
    func update(in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE runs SET state = ?, attempt = ?, faults = ?, not_before = ?, worker = ?, lease_expires_at = ?,
                                cancellation = ?, message = ?, started_at = ?, finished_at = ?
                WHERE id = ?
                """,
            arguments: [
                lifecycle.state.rawValue, lifecycle.attempt, lifecycle.faults, lifecycle.notBefore?.milliseconds,
                lifecycle.lease?.worker, lifecycle.lease?.expires.milliseconds, lifecycle.cancellation,
                lifecycle.message, lifecycle.startedAt?.milliseconds, lifecycle.finishedAt?.milliseconds, id.number,
            ])
    }
}

extension RunRequest {
    fileprivate init(_ row: Row) throws {
        guard let ref = RefName(full: row["ref"]) else {
            throw RunsError(.damagedRecord, "run \(row["id"] as Int64) has the malformed ref `\(row["ref"] as String)`")
        }
        let token: String = row["manual_token"]
        self.init(
            pipeline: try PipelineName(row["pipeline"]), trigger: try TriggerName(row["trigger_name"]),
            repository: try RepositoryURL(row["repository"]), ref: ref, commit: try CommitID(row["commit_id"]),
            cause: token.isEmpty ? .change : .manual(token: token))
    }
}

extension RunLifecycle {
    fileprivate init(_ row: Row) throws {
        guard let state = State(rawValue: row["state"]) else {
            throw RunsError(
                .damagedRecord, "run \(row["id"] as Int64) has the unknown state `\(row["state"] as String)`")
        }
        self.state = state
        attempt = row["attempt"]
        faults = row["faults"]
        notBefore = Timestamp(row["not_before"])
        if let worker: String = row["worker"], let expires = Timestamp(row["lease_expires_at"]) {
            lease = Lease(worker: worker, expires: expires)
        }
        cancellation = row["cancellation"]
        message = row["message"]
        startedAt = Timestamp(row["started_at"])
        finishedAt = Timestamp(row["finished_at"])
    }
}

extension Timestamp {
    init?(_ milliseconds: Int64?) {
        guard let milliseconds else { return nil }
        self.init(milliseconds: milliseconds)
    }
}
