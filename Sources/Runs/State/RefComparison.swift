package import Pipeline

/// What a poll saw: every ref below `prefixes`.
package struct RefObservation: Sendable {
    package let repository: RepositoryURL
    package let prefixes: [String]
    package let heads: [RefName: CommitID]
    /// The pipelines that build this repository.
    package let pipelines: [PipelineFile]

    package init(
        repository: RepositoryURL, prefixes: [String], heads: [RefName: CommitID], pipelines: [PipelineFile]
    ) {
        self.repository = repository
        self.prefixes = prefixes
        self.heads = heads
        self.pipelines = pipelines
    }
}

/// A ref that is not where it was at the last poll.
package struct RefChange: Hashable, Sendable {
    package let ref: RefName
    /// Nil: the ref is new.
    package let old: CommitID?
    /// Nil: the ref is gone.
    package let new: CommitID?

    package init(ref: RefName, old: CommitID?, new: CommitID?) {
        self.ref = ref
        self.old = old
        self.new = new
    }
}

/// A trigger that has seen its repository: from then on only changes count.
package struct WatchedTrigger: Hashable, Sendable {
    package let pipeline: PipelineName
    package let trigger: TriggerName
    package let kind: RefName.Kind

    package init(pipeline: PipelineName, trigger: TriggerName, kind: RefName.Kind) {
        self.pipeline = pipeline
        self.trigger = trigger
        self.kind = kind
    }
}

/// What follows from a poll.
///
/// A branch trigger that sees its repository for the first time builds the heads it finds; a tag trigger only takes
/// note of them, so that a new pipeline does not build every release there ever was. A tag that moved is not built:
/// tags should not move.
package struct RefComparison: Sendable {
    package let changes: [RefChange]
    package let requests: [RunRequest]
    package let newlyWatched: [WatchedTrigger]

    package init(
        _ observation: RefObservation, known: [RefName: CommitID], watched: Set<WatchedTrigger>
    ) {
        let covered = known.filter { ref, _ in observation.prefixes.contains { ref.full.hasPrefix($0) } }
        let moved = observation.heads.compactMap { ref, commit in
            known[ref] == commit ? nil : RefChange(ref: ref, old: known[ref], new: commit)
        }
        let gone = covered.compactMap { ref, commit in
            observation.heads[ref] == nil ? RefChange(ref: ref, old: commit, new: nil) : nil
        }
        changes = (moved + gone).sorted { $0.ref < $1.ref }
        var requests: [RunRequest] = []
        var newlyWatched: [WatchedTrigger] = []
        for pipeline in observation.pipelines {
            for trigger in pipeline.triggers {
                let watch = WatchedTrigger(pipeline: pipeline.name, trigger: trigger.name, kind: trigger.kind)
                let commits: [(RefName, CommitID)]
                if watched.contains(watch) {
                    commits = changes.compactMap { change in
                        guard let new = change.new, change.ref.kind == .branch || change.old == nil else { return nil }
                        return (change.ref, new)
                    }
                } else {
                    newlyWatched.append(watch)
                    commits =
                        trigger.kind == .branch ? observation.heads.sorted { $0.key < $1.key }.map { ($0, $1) } : []
                }
                for (ref, commit) in commits where trigger.matches(ref) {
                    requests.append(
                        RunRequest(
                            pipeline: pipeline.name, trigger: trigger.name, repository: observation.repository,
                            ref: ref,
                            commit: commit, cause: .change))
                }
            }
        }
        self.requests = requests
        self.newlyWatched = newlyWatched
    }
}
