import GRDB
package import Pipeline

extension SQLiteRunStore {
    package func details(of id: RunID) async throws -> RunDetails? {
        try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id.number]) else {
                return nil
            }
            let run = try Run(row)
            return RunDetails(
                run: run, steps: try StepRecord.fetch(of: run.claim, in: db),
                targets: try TargetRecord.fetch(of: run.claim, in: db))
        }
    }

    package func runs(_ filter: RunFilter) async throws -> [RunSummary] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT runs.*, COUNT(steps.step_id) AS step_count, TOTAL(steps.is_cached) AS cached_count
                    FROM runs
                    LEFT JOIN steps ON steps.run_id = runs.id AND steps.attempt = runs.attempt
                                   AND steps.status <> 'running'
                    WHERE (:pipeline IS NULL OR pipeline = :pipeline) AND (:before IS NULL OR runs.id < :before)
                    GROUP BY runs.id ORDER BY runs.id DESC LIMIT :limit
                    """,
                arguments: [
                    "pipeline": filter.pipeline?.text, "before": filter.before?.number, "limit": filter.limit,
                ])
            return try rows.map { row in
                let run = try Run(row)
                let cached: Double = row["cached_count"]
                return RunSummary(
                    run: run, stepCount: row["step_count"], cachedStepCount: Int(cached),
                    targets: try TargetRecord.fetch(of: run.claim, in: db))
            }
        }
    }

    package func queueDepth() async throws -> QueueDepth {
        try await read { db in
            func count(_ state: RunLifecycle.State) throws -> Int {
                let sql = "SELECT COUNT(*) FROM runs WHERE state = '\(state.rawValue)'"
                return try Int.fetchOne(db, sql: sql) ?? 0
            }
            return QueueDepth(queued: try count(.queued), running: try count(.running))
        }
    }

    package func lastBuiltCommit(before id: RunID) async throws -> CommitID? {
        try await read { db in
            let commit = try String.fetchOne(
                db,
                sql: """
                    SELECT earlier.commit_id FROM runs AS earlier JOIN runs AS this
                    ON earlier.pipeline = this.pipeline AND earlier.trigger_name = this.trigger_name
                       AND earlier.repository = this.repository AND earlier.ref = this.ref
                       AND earlier.id < this.id
                    WHERE this.id = ? AND earlier.state IN ('succeeded', 'failed')
                    ORDER BY earlier.id DESC LIMIT 1
                    """,
                arguments: [id.number])
            return try commit.map { hex throws in try CommitID(hex) }
        }
    }
}
