import GRDB

/// The tables of `agent.db`. Times are milliseconds since 1970, durations milliseconds.
enum RunSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs") { db in
            try db.execute(
                sql: """
                    CREATE TABLE runs (
                        id               INTEGER PRIMARY KEY AUTOINCREMENT,
                        pipeline         TEXT NOT NULL,
                        trigger_name     TEXT NOT NULL,
                        repository       TEXT NOT NULL,
                        ref              TEXT NOT NULL,
                        commit_id        TEXT NOT NULL,
                        manual_token     TEXT NOT NULL DEFAULT '',
                        created_at       INTEGER NOT NULL,
                        state            TEXT NOT NULL,
                        attempt          INTEGER NOT NULL,
                        faults           INTEGER NOT NULL,
                        not_before       INTEGER,
                        worker           TEXT,
                        lease_expires_at INTEGER,
                        cancellation     TEXT,
                        message          TEXT,
                        started_at       INTEGER,
                        finished_at      INTEGER,
                        UNIQUE (pipeline, trigger_name, ref, commit_id, manual_token)
                    ) STRICT;
                    CREATE INDEX unfinished_runs ON runs (state, id) WHERE state IN ('queued', 'running');
                    CREATE INDEX runs_of_pipeline ON runs (pipeline, id);

                    CREATE TABLE steps (
                        run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
                        attempt     INTEGER NOT NULL,
                        position    INTEGER NOT NULL,
                        step_id     TEXT NOT NULL,
                        name        TEXT NOT NULL,
                        status      TEXT NOT NULL,
                        is_cached   INTEGER NOT NULL,
                        started_at  INTEGER NOT NULL,
                        duration    INTEGER,
                        PRIMARY KEY (run_id, attempt, step_id)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE targets (
                        run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
                        attempt     INTEGER NOT NULL,
                        position    INTEGER NOT NULL,
                        kind        TEXT NOT NULL,
                        name        TEXT NOT NULL,
                        status      TEXT NOT NULL,
                        message     TEXT,
                        duration    INTEGER,
                        digest      TEXT,
                        size        INTEGER,
                        image_refs  TEXT NOT NULL DEFAULT '',
                        PRIMARY KEY (run_id, attempt, position)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE heads (
                        repository  TEXT NOT NULL,
                        ref         TEXT NOT NULL,
                        commit_id   TEXT NOT NULL,
                        seen_at     INTEGER NOT NULL,
                        PRIMARY KEY (repository, ref)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE watched_triggers (
                        repository   TEXT NOT NULL,
                        pipeline     TEXT NOT NULL,
                        trigger_name TEXT NOT NULL,
                        kind         TEXT NOT NULL,
                        PRIMARY KEY (repository, pipeline, trigger_name, kind)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE polls (
                        repository   TEXT NOT NULL PRIMARY KEY,
                        polled_at    INTEGER NOT NULL,
                        succeeded_at INTEGER,
                        failures     INTEGER NOT NULL,
                        message      TEXT
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
