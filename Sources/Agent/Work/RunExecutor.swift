package import OCI
package import Pipeline
package import Runs

/// Carries out what the agent decides: the agent's only view of building and pushing.
///
/// For one attempt the calls come in this order: `changedPaths` (only for triggers with paths), `build`, `push` for each
/// image with references (only when everything was built and every check passed), `release` (always, once). Each ends
/// soon after its task is cancelled, leaving no process behind. What is wrong with the commit, its Dockerfile or checks is
/// told by a failed target or `RunFailure.commit`; every other error counts as the host's and is tried again.
package protocol RunExecutor: Sendable {
    /// The paths from the repository's root that differ between two commits of `job`'s repository.
    func changedPaths(of job: RunJob, since commit: CommitID) async throws -> [String]
    /// Builds the checks' targets, runs their commands and builds the images. Pushes nothing.
    func build(_ job: RunJob, reporting reporter: RunReporter) async throws -> BuiltRun
    /// Pushes an image under all of its references, tags last.
    func push(_ image: ImageResult, of job: RunJob, reporting reporter: RunReporter) async throws
    /// Nothing of the attempt is needed any more.
    func release(_ job: RunJob) async
}

/// One attempt of one run, with the pipeline as it is configured now.
package struct RunJob: Sendable {
    package let run: Run
    package let pipeline: PipelineFile
    package let trigger: Trigger
    /// The pipeline's, with the agent's where it says nothing: nothing in it is nil.
    package let limits: Limits
    /// The agent's; the plan never has more.
    package let network: NetworkMode

    package init(run: Run, pipeline: PipelineFile, trigger: Trigger, limits: Limits, network: NetworkMode) {
        self.run = run
        self.pipeline = pipeline
        self.trigger = trigger
        self.limits = limits
        self.network = network
    }

    /// What to build, once the commit's time is known (seconds since 1970).
    package func plan(commitTime: Int64) throws(RunFailure) -> RunPlan {
        let context = RunContext(
            trigger: trigger.name, ref: run.request.ref, commit: run.request.commit, commitTime: commitTime,
            run: run.id.number)
        do {
            var plan = try pipeline.plan(for: context)
            if network == .none { plan.network = .none }
            return plan
        } catch {
            throw .configuration(error.message)
        }
    }
}

/// Why an attempt is over before its targets have results; not tried again.
package enum RunFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The commit is at fault: no such Dockerfile, an instruction that does not parse. The run is `failed`.
    case commit(String)
    /// The pipeline or the agent's configuration does not fit. The run is `error`.
    case configuration(String)

    package var description: String {
        switch self {
        case .commit(let message), .configuration(let message): message
        }
    }
}

/// What an attempt built.
package struct BuiltRun: Sendable {
    /// One for each check of the plan.
    package let checks: [TargetRecord]
    /// One for each image of the plan.
    package var images: [ImageResult]

    package init(checks: [TargetRecord], images: [ImageResult]) {
        self.checks = checks
        self.images = images
    }
}

/// An image of the plan: built, failed or not begun.
package struct ImageResult: Sendable {
    /// With `image`, if it was built.
    package var target: TargetRecord
    /// Where it is to be pushed.
    package let references: [ImageReference]

    package init(target: TargetRecord, references: [ImageReference]) {
        self.target = target
        self.references = references
    }
}
