import GRDB
import OCI

extension StepRecord {
    fileprivate init(_ row: Row) throws {
        guard let status = Status(rawValue: row["status"]) else {
            throw RunsError(.damagedRecord, "step `\(row["step_id"] as String)` has an unknown status")
        }
        self.init(
            id: row["step_id"], name: row["name"], status: status, isCached: row["is_cached"],
            startedAt: Timestamp(milliseconds: row["started_at"]),
            duration: (row["duration"] as Int64?).map { .milliseconds($0) })
    }

    static func fetch(of claim: RunClaim, in db: Database) throws -> [StepRecord] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM steps WHERE run_id = ? AND attempt = ? ORDER BY position",
            arguments: [claim.run.number, claim.attempt]
        ).map { try StepRecord($0) }
    }

    func upsert(of claim: RunClaim, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO steps (run_id, attempt, position, step_id, name, status, is_cached, started_at, duration)
                VALUES (:run, :attempt,
                        (SELECT COUNT(*) FROM steps WHERE run_id = :run AND attempt = :attempt),
                        :id, :name, :status, :cached, :started, :duration)
                ON CONFLICT (run_id, attempt, step_id) DO UPDATE
                SET name = excluded.name, status = excluded.status, is_cached = excluded.is_cached,
                    started_at = excluded.started_at, duration = excluded.duration
                """,
            arguments: [
                "run": claim.run.number, "attempt": claim.attempt, "id": id, "name": name,
                "status": status.rawValue, "cached": isCached, "started": startedAt.milliseconds,
                "duration": duration?.milliseconds,
            ])
    }
}

extension TargetRecord {
    fileprivate init(_ row: Row) throws {
        guard let kind = Kind(rawValue: row["kind"]), let status = Status(rawValue: row["status"]) else {
            throw RunsError(.damagedRecord, "target `\(row["name"] as String)` has an unknown kind or status")
        }
        var image: ImageRecord?
        if let digest: String = row["digest"] {
            let references = (row["image_refs"] as String).split(separator: "\n")
            image = ImageRecord(
                digest: try Digest(parsing: digest), size: row["size"],
                references: try references.map { try ImageReference(parsing: String($0)) })
        }
        self.init(
            kind: kind, name: row["name"], status: status, message: row["message"],
            duration: (row["duration"] as Int64?).map { .milliseconds($0) }, image: image)
    }

    static func fetch(of claim: RunClaim, in db: Database) throws -> [TargetRecord] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM targets WHERE run_id = ? AND attempt = ? ORDER BY position",
            arguments: [claim.run.number, claim.attempt]
        ).map { try TargetRecord($0) }
    }

    /// Writes the targets of an attempt in the place of what it wrote before.
    static func replace(_ targets: [TargetRecord], of claim: RunClaim, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM targets WHERE run_id = ? AND attempt = ?", arguments: [claim.run.number, claim.attempt])
        for (position, target) in targets.enumerated() {
            try db.execute(
                sql: """
                    INSERT INTO targets (run_id, attempt, position, kind, name, status, message, duration, digest,
                                         size, image_refs)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    claim.run.number, claim.attempt, position, target.kind.rawValue, target.name,
                    target.status.rawValue, target.message, target.duration?.milliseconds,
                    target.image?.digest.description, target.image?.size,
                    target.image?.references.map(\.description).joined(separator: "\n") ?? "",
                ])
        }
    }
}
