import Build
import Dockerfile
package import Engine
import Git
import OCI
package import Pipeline
import Runs
import Synchronization
import SystemPackage

/// Builds and pushes with the engine of this process.
package final class EngineRunExecutor: RunExecutor {
    private let engine: Engine
    private let mirrors = Mutex<[RepositoryURL: GitMirror]>([:])
    /// What an attempt has built and not yet pushed, by run.
    private let built = Mutex<[RunID: [String: Build.BuiltImage]]>([:])

    package init(engine: Engine) { self.engine = engine }

    // MARK: Source

    private func mirror(of repository: RepositoryURL) throws -> GitMirror {
        let url = try GitURL.parse(repository.text, allowing: engine.configuration.gitSchemes)
        return mirrors.withLock { mirrors in
            if let mirror = mirrors[repository] { return mirror }
            let mirror = GitMirror(of: url, in: engine.configuration.root.appending("git"), remote: engine.git)
            mirrors[repository] = mirror
            return mirror
        }
    }

    private func fetched(_ job: RunJob) async throws -> (GitMirror, Git.CommitID) {
        let request = job.run.request
        let mirror = try mirror(of: request.repository)
        guard let id = Git.CommitID(request.commit.hex) else {
            throw RunFailure.commit("`\(request.commit)` is no commit id of a kind this agent reads")
        }
        try await mirror.ensure(id, seenAt: try? Git.RefName(request.ref.full))
        return (mirror, id)
    }

    package func changedPaths(of job: RunJob, since commit: Pipeline.CommitID) async throws -> [String] {
        let (mirror, id) = try await fetched(job)
        guard let old = Git.CommitID(commit.hex) else { return [] }
        try await mirror.ensure(old)
        let before = Dictionary(
            try await mirror.tree(of: old).entries.map { ($0.pathText, $0.id) }, uniquingKeysWith: { $1 })
        let after = Dictionary(
            try await mirror.tree(of: id).entries.map { ($0.pathText, $0.id) }, uniquingKeysWith: { $1 })
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    // MARK: Building

    package func build(_ job: RunJob, reporting reporter: RunReporter) async throws -> BuiltRun {
        let (mirror, id) = try await fetched(job)
        do {
            let commit = try await mirror.commit(id)
            let plan = try job.plan(commitTime: commit.commitTime)
            let source = try await CommitSource(id, in: mirror, dockerfile: plan.dockerfile, context: plan.context)
            return try await build(job, plan, source, reporter)
        } catch let error as BuildError {
            throw Self.failure(error)
        } catch let error as GitError where error.code == .hostileTree || error.code == .limitExceeded {
            throw RunFailure.commit("\(error)")
        }
    }

    private func build(
        _ job: RunJob, _ plan: RunPlan, _ source: CommitSource, _ reporter: RunReporter
    ) async throws -> BuiltRun {
        let last = source.dockerfile.stages.last.map { $0.name ?? String($0.index) } ?? "0"
        var targets: [String] = []
        let wanted = plan.checks.map(\.target) + plan.images.map { $0.target ?? last }
        for target in wanted where !targets.contains(target) { targets.append(target) }
        let limits = engineLimits(job.limits)
        let request = buildRequest(job, plan, source, targets)
        let results = try await StepJournal.recording(to: reporter) { report in
            try await engine.buildEach(request, limits: limits, report: report)
        }
        let images = Dictionary(zip(targets, results)) { first, _ in first }
        for result in results { try Self.rethrowHostFailure(result) }
        var checks: [TargetRecord] = []
        for check in plan.checks {
            checks.append(try await record(check, images[check.target], plan, limits, reporter))
        }
        let outcome = plan.images.map { image in
            ImageResult(target: Self.record(image, images[image.target ?? last]), references: image.references)
        }
        built.withLock { built in
            built[job.run.id] = Dictionary(
                plan.images.compactMap { image in
                    (try? images[image.target ?? last]?.get()).map { (image.name, $0) }
                }
            ) { first, _ in first }
        }
        return BuiltRun(checks: checks, images: outcome)
    }

    private func buildRequest(
        _ job: RunJob, _ plan: RunPlan, _ source: CommitSource, _ targets: [String]
    ) -> BuildRequest {
        let isFixed = if case .commit = job.pipeline.build.epoch { false } else { true }
        var request = BuildRequest(
            dockerfile: source.dockerfile, context: source.context, targets: targets,
            buildArguments: Dictionary(plan.arguments.map { ($0.name, $0.value) }) { $1 },
            network: plan.network == .none ? .none : .default, epoch: isFixed ? plan.epoch : nil, created: plan.epoch)
        request.lint = .init(ignore: source.ignore)
        request.secrets = BuildSecrets(refusal: "a pipeline gives its builds neither secrets nor keys")
        return request
    }

    private func engineLimits(_ limits: Limits) -> EngineLimits {
        var result = engine.configuration.limits
        result.memory = limits.memory.map { Int64($0.bytes) }
        result.cpus = limits.cpus
        if let processes = limits.processes { result.pids = processes }
        return result
    }

    /// A failure of the host is nobody's verdict on the commit: the attempt ends and is tried again.
    private static func rethrowHostFailure(_ result: Result<Build.BuiltImage, any Error>) throws {
        guard case .failure(let error) = result else { return }
        if case BuildError.step = error { return }
        throw error
    }

    private static func failure(_ error: BuildError) -> any Error {
        switch error {
        case .dockerfile, .step: RunFailure.commit(error.description)
        case .request(let message): RunFailure.commit(message)
        case .unreachable, .unavailable, .infrastructure: error
        }
    }

    // MARK: Results

    private func record(
        _ check: Check, _ result: Result<Build.BuiltImage, any Error>?, _ plan: RunPlan, _ limits: EngineLimits,
        _ reporter: RunReporter
    ) async throws -> TargetRecord {
        var record = TargetRecord(kind: .check, name: check.name, status: .succeeded)
        switch result {
        case .success(let image)?:
            guard let command = check.command else { return record }
            var limits = limits
            limits.timeout = check.timeLimit
            let code = try await run(command, of: check, in: image, plan, limits, reporter)
            if code != 0 {
                record.status = .failed
                record.message = "the command ended with exit code \(code)"
            }
        case .failure(let error)?:
            record.status = .failed
            record.message = "\(error)"
        case nil: record.status = .skipped
        }
        return record
    }

    private func run(
        _ command: [String], of check: Check, in image: Build.BuiltImage, _ plan: RunPlan, _ limits: EngineLimits,
        _ reporter: RunReporter
    ) async throws -> Int32 {
        let id = "check-\(check.name)"
        let started = Runs.Timestamp.now
        let clock = ContinuousClock.now
        let name = "[\(check.name)] run \(command.joined(separator: " "))"
        try await reporter.started(id, name: name)
        let (output, sink) = AsyncStream<[UInt8]>.makeStream()
        async let written: Void = { for await bytes in output { try await reporter.output(bytes, of: id) } }()
        defer { sink.finish() }
        let code = try await engine.run(
            image, entrypoint: [], command: command, network: plan.network == .none ? .none : .default, limits: limits
        ) { _, bytes in sink.yield(bytes) }
        sink.finish()
        try await written
        try await reporter.finished(
            StepRecord(
                id: id, name: name, status: code == 0 ? .succeeded : .failed, startedAt: started,
                duration: ContinuousClock.now - clock))
        return code
    }

    private static func record(
        _ image: Pipeline.PlannedImage, _ result: Result<Build.BuiltImage, any Error>?
    ) -> TargetRecord {
        var record = TargetRecord(kind: .image, name: image.name, status: .succeeded)
        switch result {
        case .success(let built)?: record.image = ImageRecord(digest: built.digest, size: built.size)
        case .failure(let error)?:
            record.status = .failed
            record.message = "\(error)"
        case nil: record.status = .skipped
        }
        return record
    }

    // MARK: Pushing

    package func push(_ image: ImageResult, of job: RunJob, reporting reporter: RunReporter) async throws {
        guard let built = built.withLock({ $0[job.run.id]?[image.target.name] }) else {
            throw RunFailure.configuration("image `\(image.target.name)` was not built by this attempt")
        }
        try await engine.push(BuiltTarget([built]), to: image.references) { _ in }
        for reference in image.references {
            try await reporter.note("pushed \(reference) \(built.digest)")
        }
    }

    package func release(_ job: RunJob) async {
        built.withLock { $0[job.run.id] = nil }
    }
}
