import GRDB

extension SQLiteRunStore {
    package func enqueue(_ request: RunRequest, at now: Timestamp) async throws -> EnqueuedRun {
        try await write { db in
            if let run = try Run.insert(request, at: now, in: db) { return EnqueuedRun(run: run, isNew: true) }
            return EnqueuedRun(run: try Run.find(request, in: db), isNew: false)
        }
    }

    package func claim(for worker: String, lease: Duration, at now: Timestamp) async throws -> Run? {
        try await write { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT * FROM runs AS candidate
                    WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ?) AND NOT EXISTS (
                        SELECT 1 FROM runs AS older
                        WHERE older.state IN ('queued', 'running') AND older.id < candidate.id
                          AND older.pipeline = candidate.pipeline AND older.trigger_name = candidate.trigger_name
                          AND older.ref = candidate.ref)
                    ORDER BY id LIMIT 1
                    """,
                arguments: [now.milliseconds])
            guard let row else { return nil }
            var run = try Run(row)
            try run.lifecycle.lease(to: worker, for: lease, at: now)
            try run.update(in: db)
            return run
        }
    }

    package func renew(_ claim: RunClaim, lease: Duration, at now: Timestamp) async throws -> String? {
        try await write { db in
            var run = try Run.find(claim.run, in: db)
            let cancellation = try run.lifecycle.renew(attempt: claim.attempt, for: lease, at: now)
            try run.update(in: db)
            return cancellation
        }
    }

    package func nextStart() async throws -> Timestamp? {
        try await read { db in
            let sql = "SELECT MIN(not_before) FROM runs WHERE state = 'queued' AND not_before IS NOT NULL"
            return Timestamp(try Int64.fetchOne(db, sql: sql))
        }
    }

    package func finish(
        _ claim: RunClaim, _ outcome: RunOutcome, targets: [TargetRecord], at now: Timestamp
    ) async throws -> Run {
        try await transition(claim.run) { run, db throws in
            try run.lifecycle.finish(attempt: claim.attempt, outcome, at: now)
            try TargetRecord.replace(targets, of: claim, in: db)
        }
    }

    package func fault(
        _ claim: RunClaim, _ reason: String, retry: RetryPolicy, targets: [TargetRecord], at now: Timestamp
    ) async throws -> Run {
        try await transition(claim.run) { run, db throws in
            try run.lifecycle.fault(attempt: claim.attempt, reason, retry: retry, at: now)
            try TargetRecord.replace(targets, of: claim, in: db)
        }
    }

    package func giveBack(_ claim: RunClaim, _ reason: String, at now: Timestamp) async throws -> Run {
        try await transition(claim.run) { run, _ throws in
            try run.lifecycle.giveBack(attempt: claim.attempt, reason, at: now)
        }
    }

    package func interrupt(
        _ which: InterruptedRuns, _ reason: String, retry: RetryPolicy, at now: Timestamp
    ) async throws -> [Run] {
        try await write { db in
            let rows =
                switch which {
                case .all:
                    try Row.fetchAll(db, sql: "SELECT * FROM runs WHERE state = 'running' ORDER BY id")
                case .expired:
                    try Row.fetchAll(
                        db, sql: "SELECT * FROM runs WHERE state = 'running' AND lease_expires_at < ? ORDER BY id",
                        arguments: [now.milliseconds])
                }
            return try rows.map { row in
                var run = try Run(row)
                try run.lifecycle.interrupt(reason, retry: retry, at: now)
                try run.update(in: db)
                return run
            }
        }
    }

    package func cancel(_ id: RunID, _ reason: String, at now: Timestamp) async throws -> Run {
        try await transition(id) { run, _ throws in run.lifecycle.cancel(reason, at: now) }
    }

    package func record(_ step: StepRecord, of claim: RunClaim) async throws {
        try await write { db in
            let run = try Run.find(claim.run, in: db)
            guard run.state == .running, run.claim == claim else {
                throw RunsError(.leaseLost, "attempt \(claim.attempt) no longer holds run \(claim.run)")
            }
            try step.upsert(of: claim, in: db)
        }
    }

    private func transition(
        _ id: RunID, _ body: @escaping @Sendable (inout Run, Database) throws -> Void
    ) async throws -> Run {
        try await write { db in
            var run = try Run.find(id, in: db)
            try body(&run, db)
            try run.update(in: db)
            return run
        }
    }
}
