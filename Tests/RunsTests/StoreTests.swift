import Foundation
import GRDB
import OCI
import Pipeline
import Runs
import SystemPackage
import Testing

@Suite struct StoreTests {
    @Test func everythingSurvivesAProcessThatDies() async throws {
        try await withFolder { folder in
            let path = folder.appending("agent.db")
            let (one, two) = try await { () async throws in
                let store = try SQLiteRunStore(path: path)
                let one = try await store.enqueue(request(1), at: start).run
                let two = try await store.enqueue(request(2), at: start).run
                _ = try await store.claim(for: "w", lease: lease, at: start)
                try await store.record(StepRecord(id: "1", name: "RUN make", startedAt: start), of: one.nextClaim)
                return (one, two)
            }()
            // A killed process closes nothing: what the next one finds are the database and its log.
            let store = try SQLiteRunStore(path: path)
            let interrupted = try await store.interrupt(.all, "the agent was stopped", retry: retry, at: at(5))
            #expect(interrupted.map(\.id) == [one.id])
            #expect(
                interrupted.first?.state == .queued && interrupted.first?.lifecycle.message == "the agent was stopped")
            let claimed = try await store.claim(for: "w", lease: lease, at: at(6))
            #expect(claimed?.id == one.id && claimed?.lifecycle.attempt == 2)
            #expect(try await store.details(of: one.id)?.steps.isEmpty == true)
            _ = try await store.finish(RunClaim(run: one.id, attempt: 2), .succeeded, targets: [], at: at(7))
            #expect(try await store.claim(for: "w", lease: lease, at: at(8))?.id == two.id)
        }
    }

    @Test func stepsAndTargetsComeBackAsTheyWent() async throws {
        try await withStore { store in
            let run = try await store.enqueue(request(), at: start).run
            _ = try await store.claim(for: "w", lease: lease, at: start)
            var step = StepRecord(id: "k1", name: "[build 1/2] COPY . .", startedAt: start)
            try await store.record(step, of: run.nextClaim)
            let other = StepRecord(
                id: "k2", name: "[build 2/2] RUN make", status: .failed, startedAt: at(1), duration: .milliseconds(1234)
            )
            try await store.record(other, of: run.nextClaim)
            step.status = .succeeded
            step.isCached = true
            step.duration = .milliseconds(3)
            try await store.record(step, of: run.nextClaim)
            let image = ImageRecord(
                digest: Digest.of([1, 2, 3]), size: 4096,
                references: try ["127.0.0.1:5000/web:main", "127.0.0.1:5000/web:main-1"].map {
                    try ImageReference(parsing: $0)
                })
            let targets = [
                TargetRecord(
                    kind: .check, name: "test", status: .failed, message: "exit code 1", duration: .seconds(2)),
                TargetRecord(kind: .image, name: "app", status: .succeeded, image: image),
                TargetRecord(kind: .image, name: "dev", status: .skipped),
            ]
            _ = try await store.finish(run.nextClaim, .failed("check `test` failed"), targets: targets, at: at(9))
            let details = try #require(try await store.details(of: run.id))
            #expect(details.steps == [step, other])
            #expect(details.targets == targets)
            #expect(details.run.state == .failed && details.run.lifecycle.message == "check `test` failed")
            #expect(details.run.duration(at: at(100)) == .seconds(9))
            let summary = try #require(try await store.runs(RunFilter()).first)
            #expect(summary.stepCount == 2 && summary.cachedStepCount == 1 && summary.targets == targets)
        }
    }

    @Test func listIsNewestFirstFilteredAndPaged() async throws {
        try await withStore { store in
            for number in 1...5 { _ = try await store.enqueue(request(number), at: at(number)) }
            _ = try await store.enqueue(request(1, pipeline: "other"), at: at(6))
            func list(_ filter: RunFilter) async throws -> [Int64] { try await store.runs(filter).map(\.run.id.number) }
            #expect(try await list(RunFilter()) == [6, 5, 4, 3, 2, 1])
            #expect(try await list(RunFilter(pipeline: PipelineName("web"), limit: 2)) == [5, 4])
            #expect(try await list(RunFilter(pipeline: PipelineName("web"), before: RunID(4))) == [3, 2, 1])
            let depth = try await store.queueDepth()
            #expect(depth.queued == 6 && depth.running == 0)
        }
    }

    @Test func pollsQueueRunsOnceAcrossRestarts() async throws {
        try await withFolder { folder in
            let file = try pipeline()
            func poll(_ heads: [RefName: CommitID], at now: Timestamp) async throws -> PollResult {
                try await SQLiteRunStore(path: folder.appending("agent.db")).record(
                    RefObservation(
                        repository: repository(), prefixes: file.refPrefixes, heads: heads, pipelines: [file]),
                    at: now)
            }
            let main = try branch("main")
            #expect(try await poll([main: commit(1), tag("v1"): commit(1)], at: at(1)).queued.count == 1)
            #expect(try await poll([main: commit(1), tag("v1"): commit(1)], at: at(2)).queued.isEmpty)
            let third = try await poll([main: commit(2), tag("v1"): commit(1), tag("v2"): commit(2)], at: at(3))
            #expect(third.queued.map(\.request.ref.full) == ["refs/heads/main", "refs/tags/v2"])
            let fourth = try await poll([tag("v1"): commit(1), tag("v2"): commit(2)], at: at(4))
            #expect(fourth.cancelled.map(\.id.number) == [1, 2])
            #expect(fourth.cancelled.allSatisfy { $0.lifecycle.message == "branch `main` was deleted" })
        }
    }

    @Test func pollRecordsCountFailuresUntilASuccess() async throws {
        try await withStore { store in
            let url = try repository()
            try await store.recordFailedPoll(of: url, "connection refused", at: at(1))
            try await store.recordFailedPoll(of: url, "connection refused", at: at(2))
            let failed = try await store.polls()
            #expect(failed.map(\.failures) == [2] && failed[0].succeededAt == nil && failed[0].message != nil)
            _ = try await store.record(
                RefObservation(repository: url, prefixes: [], heads: [:], pipelines: []), at: at(3))
            let succeeded = try await store.polls()
            #expect(
                succeeded.map(\.failures) == [0] && succeeded[0].succeededAt == at(3) && succeeded[0].message == nil)
        }
    }

    @Test func lastBuiltCommitSkipsWhatWasNotBuilt() async throws {
        try await withStore { store in
            let outcomes: [RunOutcome] = [.failed("x"), .skipped("x"), .cancelled("x"), .error("x")]
            for (number, outcome) in outcomes.enumerated() {
                let run = try await store.enqueue(request(number), at: start).run
                _ = try await store.claim(for: "w", lease: lease, at: start)
                _ = try await store.finish(run.nextClaim, outcome, targets: [], at: start)
            }
            let last = try await store.enqueue(request(9), at: start).run
            #expect(try await store.lastBuiltCommit(before: last.id) == commit(0))
            #expect(try await store.lastBuiltCommit(before: RunID(1)) == nil)
        }
    }

    @Test func databaseOfANewerVersionIsRefused() async throws {
        try await withFolder { folder in
            let path = folder.appending("agent.db")
            _ = try SQLiteRunStore(path: path)
            let queue = try DatabaseQueue(path: path.string)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('from-the-future')") }
            let error = #expect(throws: RunsError.self) { try SQLiteRunStore(path: path) }
            #expect(error?.code == .unusableDatabase && error?.message.contains("newer version") == true)
        }
    }

    @Test func fileThatIsNoDatabaseIsRefused() async throws {
        try await withFolder { folder in
            let path = folder.appending("agent.db")
            try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path.string))
            let error = #expect(throws: RunsError.self) { try SQLiteRunStore(path: path) }
            #expect(error?.code == .unusableDatabase)
        }
    }

    @Test func timestampsPrintAsInternetTime() {
        #expect(Timestamp(milliseconds: 1_795_466_096_123).description == "2026-11-23T20:34:56.123Z")
        #expect(Timestamp(milliseconds: 0).description == "1970-01-01T00:00:00.000Z")
    }
}
