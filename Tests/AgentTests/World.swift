import Agent
import Foundation
import Logging
import OCI
import Pipeline
import Runs
import Synchronization
import SystemPackage
import Testing

/// Git servers in memory.
actor FakeServers: RefSource {
    private var heads: [RepositoryURL: [RefName: CommitID]] = [:]
    private var broken: [RepositoryURL: String] = [:]
    private(set) var polls: [RepositoryURL: Int] = [:]

    func push(_ number: Int, to ref: RefName, of repository: RepositoryURL) throws {
        heads[repository, default: [:]][ref] = try commit(number)
    }

    func delete(_ ref: RefName, of repository: RepositoryURL) { heads[repository]?[ref] = nil }
    func breakDown(_ repository: RepositoryURL, _ message: String?) { broken[repository] = message }

    func refs(of repository: RepositoryURL, prefixes: [String]) async throws -> [RefName: CommitID] {
        polls[repository, default: 0] += 1
        if let message = broken[repository] { throw FakeFailure(description: message) }
        return (heads[repository] ?? [:]).filter { ref, _ in prefixes.contains { ref.full.hasPrefix($0) } }
    }
}

struct FakeFailure: Error, CustomStringConvertible {
    let description: String
}

/// Builds by script: what happens is decided by the commit's number.
actor FakeExecutor: RunExecutor {
    enum Behaviour {
        case succeed, failCheck, breakDown(String), failure(RunFailure)
        /// Until it is cancelled or `finish` is called.
        case hang
    }

    private var behaviours: [CommitID: Behaviour] = [:]
    private var changes: [String] = []
    private var isReleased = false
    private(set) var built: [CommitID] = []
    private(set) var pushed: [ImageReference] = []
    private(set) var released = 0
    private(set) var cancelled = 0
    private(set) var running = 0
    private(set) var mostRunning = 0
    private(set) var limits: Limits?

    func set(_ number: Int, _ behaviour: Behaviour) throws { behaviours[try commit(number)] = behaviour }
    func setChanges(_ paths: [String]) { changes = paths }
    func finish() { isReleased = true }

    func changedPaths(of job: RunJob, since commit: CommitID) async throws -> [String] { changes }
    func release(_ job: RunJob) { released += 1 }

    func build(_ job: RunJob, reporting reporter: RunReporter) async throws -> BuiltRun {
        running += 1
        mostRunning = max(mostRunning, running)
        defer { running -= 1 }
        built.append(job.run.request.commit)
        limits = job.limits
        let plan = try job.plan(commitTime: 1_795_466_096)
        try await reporter.started("1", name: "[app 1/1] RUN make")
        try await reporter.output(Array("building \(job.run.request.commit.short)\n".utf8), of: "1")
        let behaviour = behaviours[job.run.request.commit] ?? .succeed
        do {
            try await act(behaviour)
        } catch {
            if error is CancellationError { cancelled += 1 }
            throw error
        }
        let isBroken = if case .failCheck = behaviour { true } else { false }
        try await reporter.finished(
            StepRecord(
                id: "1", name: "[app 1/1] RUN make", status: isBroken ? .failed : .succeeded, isCached: !isBroken,
                startedAt: .now, duration: .milliseconds(12)))
        let checks = plan.checks.map { check in
            TargetRecord(
                kind: .check, name: check.name, status: isBroken ? .failed : .succeeded,
                message: isBroken ? "exit code 1" : nil)
        }
        let images = plan.images.map { image in
            let record = ImageRecord(digest: Digest.of(Array(job.run.request.commit.hex.utf8)), size: 1234)
            let target = TargetRecord(
                kind: .image, name: image.name, status: isBroken ? .skipped : .succeeded, image: isBroken ? nil : record
            )
            return ImageResult(target: target, references: image.references)
        }
        return BuiltRun(checks: checks, images: images)
    }

    private func act(_ behaviour: Behaviour) async throws {
        switch behaviour {
        case .succeed, .failCheck: break
        case .breakDown(let message): throw FakeFailure(description: message)
        case .failure(let failure): throw failure
        case .hang: while !isReleased { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    func push(_ image: ImageResult, of job: RunJob, reporting reporter: RunReporter) async throws {
        pushed += image.references
    }
}

func commit(_ number: Int) throws -> CommitID {
    let digits = String(number, radix: 16)
    return try CommitID(String(repeating: "0", count: 40 - digits.count) + digits)
}

/// `refs/heads/main`
let main: RefName = RefName(full: "refs/heads/main") ?? { preconditionFailure("a plain name") }()

func repository(_ name: String = "web") throws -> RepositoryURL {
    try RepositoryURL("https://git.example.org/team/\(name).git")
}

func pipeline(_ name: String = "web", triggers: String = "main: { branch: main }, release: { tag: \"v*\" }") throws
    -> PipelineFile
{
    let text = """
        schema: 1
        repo: \(try repository(name))
        triggers: { \(triggers) }
        checks: { unit: test }
        images: { app: { push: 127.0.0.1:5000/\(name), tags: { main: [main, "main-${sha7}"] } } }
        limits: { memory: 1GiB }
        """
    return try PipelineFile.parse(text, fileName: name + ".yaml").file
}

/// An agent in this process, on a data folder of its own, polling every few milliseconds.
struct TestAgent: Sendable {
    let port: Int
    let servers: FakeServers
    let executor: FakeExecutor
    let data: FilePath
    let stop: AsyncStream<Void>.Continuation

    /// Runs `body` beside an agent; the agent is stopped at once afterwards unless `body` has stopped it.
    static func with<Result: Sendable>(
        _ pipelines: [PipelineFile], servers: FakeServers = FakeServers(), executor: FakeExecutor = FakeExecutor(),
        data: FilePath, configure: (inout AgentConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (TestAgent) async throws -> Result
    ) async throws -> Result {
        var configuration = AgentConfiguration()
        configuration.agent.data = data
        configuration.http.listen = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.git.interval = .milliseconds(20)
        configuration.git.maximumInterval = .milliseconds(100)
        configuration.queue.retryBackoff = .milliseconds(5)...Duration.milliseconds(20)
        configuration.queue.renew = .milliseconds(20)
        configure(&configuration)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let agent = try await Agent(
            configuration, pipelines: Pipelines(pipelines), source: servers, executor: executor,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onListening: { announce.yield($0) })
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                do {
                    try await agent.run(stop: stops)
                } catch is CancellationError {}
                announce.finish()
                return nil
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                guard let port = await iterator.next() else {
                    // The agent's own error says why it never listened.
                    try await Task.sleep(for: .seconds(60))
                    throw FakeFailure(description: "the agent ended before it listened")
                }
                return try await body(
                    TestAgent(port: port, servers: servers, executor: executor, data: data, stop: stop))
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                for try await _ in group {}
                return result
            }
            throw FakeFailure(description: "the agent ended before the test")
        }
    }
}

func withFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("agent-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    defer {
        // The agent's database closes when its last holder goes, and may take a file away at the same time.
        for _ in 0..<100 where FileManager.default.fileExists(atPath: folder.string) {
            try? FileManager.default.removeItem(atPath: folder.string)
            usleep(1000)
        }
    }
    return try await body(folder)
}

/// Waits until `condition` holds; the test's time limit ends a wait in vain.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
