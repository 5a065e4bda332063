package import Pipeline

/// The number people call a run by; counts up over all pipelines.
package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package static func < (a: RunID, b: RunID) -> Bool { a.number < b.number }
    package var description: String { String(number) }
}

/// One commit of one pipeline's trigger, on its way to images.
package struct Run: Hashable, Sendable {
    package let id: RunID
    package let request: RunRequest
    package let createdAt: Timestamp
    package internal(set) var lifecycle: RunLifecycle

    package var state: RunLifecycle.State { lifecycle.state }
    /// What the present attempt proves itself with.
    package var claim: RunClaim { RunClaim(run: id, attempt: lifecycle.attempt) }

    /// From the start of the last attempt to its end, or to `now`.
    package func duration(at now: Timestamp) -> Duration? {
        lifecycle.startedAt.map { (lifecycle.finishedAt ?? now) - $0 }
    }
}

/// What to run. Pipeline, trigger, ref, commit and cause make it unique: the same is never run twice.
package struct RunRequest: Hashable, Sendable {
    package enum Cause: Hashable, Sendable {
        /// The ref moved to the commit.
        case change
        /// Somebody asked, by this token: asking twice with one token makes one run.
        case manual(token: String)
    }

    package let pipeline: PipelineName
    package let trigger: TriggerName
    package let repository: RepositoryURL
    package let ref: RefName
    package let commit: CommitID
    package let cause: Cause

    package init(
        pipeline: PipelineName, trigger: TriggerName, repository: RepositoryURL, ref: RefName, commit: CommitID,
        cause: Cause
    ) {
        self.pipeline = pipeline
        self.trigger = trigger
        self.repository = repository
        self.ref = ref
        self.commit = commit
        self.cause = cause
    }
}

/// A worker's title to one attempt of one run; every report carries it.
package struct RunClaim: Hashable, Sendable {
    package let run: RunID
    package let attempt: Int

    package init(run: RunID, attempt: Int) {
        self.run = run
        self.attempt = attempt
    }
}
