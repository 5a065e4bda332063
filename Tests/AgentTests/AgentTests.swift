import Agent
import Foundation
import OCI
import Pipeline
import Runs
import SystemPackage
import Testing

/// Whole agents in this process: real database, real logs, real HTTP on loopback; git servers and builds in memory.
@Suite(.timeLimit(.minutes(2))) struct AgentTests {
    @Test func firstCommitIsNoticedBuiltAndPushed() async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.push(1, to: main, of: repository())
            try await servers.push(9, to: RefName(.tag, "v1"), of: repository())
            try await TestAgent.with([pipeline()], servers: servers, data: folder) { agent in
                let run = try await agent.wait(for: 1, "succeeded")
                #expect(try run.ref == "refs/heads/main" && run.commit == commit(1).hex && run.cause == "change")
                #expect(
                    run.targets.map(\.name) == ["unit", "app"]
                        && run.targets.map(\.status) == ["succeeded", "succeeded"])
                #expect(run.targets[1].references == ["127.0.0.1:5000/web:main", "127.0.0.1:5000/web:main-0000000"])
                #expect(run.targets[1].digest?.hasPrefix("sha256:") == true && run.targets[1].size == 1234)
                #expect(run.steps?.map(\.name) == ["[app 1/1] RUN make"] && run.cachedStepCount == 1)
                #expect(await agent.executor.limits?.memory == ByteCount(configured: "1GiB"))
                #expect(await agent.executor.limits?.cpus == 2)
                #expect(try await agent.runs().count == 1)
            }
        }
    }

    @Test func laterCommitsAndNewTagsAreNoticed() async throws {
        try await withFolder { folder in
            try await TestAgent.with([pipeline()], data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "succeeded")
                try await agent.servers.push(2, to: main, of: repository())
                try await agent.wait(for: 2, "succeeded")
                try await agent.servers.push(2, to: RefName(.tag, "v1"), of: repository())
                #expect(try await agent.wait(for: 3, "succeeded").trigger == "release")
                #expect(await agent.executor.pushed.count == 4)
            }
        }
    }

    @Test func failingCheckPushesNothing() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .failCheck)
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                let run = try await agent.wait(for: 1, "failed")
                #expect(run.message == "check `unit` failed: exit code 1")
                #expect(run.targets.map(\.status) == ["failed", "skipped"] && run.attempt == 1)
                #expect(await executor.pushed.isEmpty)
                #expect(await executor.released == 1)
            }
        }
    }

    @Test(arguments: [
        (RunFailure.commit("no Dockerfile"), "failed"), (.configuration("tag is bad"), "error"),
    ])
    func whatIsWrongForGoodIsNotTriedAgain(failure: RunFailure, state: String) async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .failure(failure))
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                let run = try await agent.wait(for: 1, state)
                #expect(run.message == failure.description && run.attempt == 1)
            }
        }
    }

    @Test func brokenHostIsTriedAgainThreeTimes() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .breakDown("registry is down"))
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                let run = try await agent.wait(for: 1, "error")
                #expect(run.attempt == 3 && run.message == "registry is down (attempt 3 of 3)")
                #expect(await executor.built.count == 3)
                let log = try await agent.get("/api/v1/runs/1/log").text
                #expect(log.contains("attempt 3\n") && log.contains("run 1 error: registry is down"))
            }
        }
    }

    @Test func brokenServerDelaysNobodyElse() async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.breakDown(repository("down"), "connection refused")
            try await servers.push(1, to: main, of: repository())
            try await TestAgent.with([pipeline(), pipeline("down")], servers: servers, data: folder) { agent in
                try await agent.wait(for: 1, "succeeded")
                try await eventually { try await agent.status().repositories.contains { $0.failures >= 2 } }
                let down = try #require(try await agent.status().repositories.first { $0.url.contains("down") })
                #expect(down.message == "connection refused" && down.succeededAt == nil)
                try await agent.servers.push(2, to: main, of: repository())
                try await agent.wait(for: 2, "succeeded")
                try await servers.breakDown(repository("down"), nil)
                try await servers.push(3, to: main, of: repository("down"))
                #expect(try await agent.wait(for: 3, "succeeded").pipeline == "down")
                try await eventually { try await agent.status().repositories.allSatisfy { $0.failures == 0 } }
            }
        }
    }

    @Test func slotsBoundWhatRunsAtOnce() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            for number in 1...4 { try await executor.set(number, .hang) }
            let file = try pipeline(triggers: "main: { branch: \"*\" }")
            try await TestAgent.with([file], executor: executor, data: folder) { agent in
                for number in 1...4 {
                    try await agent.servers.push(number, to: RefName(.branch, "b\(number)"), of: repository())
                }
                try await eventually { await executor.running == 2 }
                try await eventually { try await agent.status().queue.queued == 2 }
                await executor.finish()
                for number in 1...4 { try await agent.wait(for: number, "succeeded") }
                #expect(await executor.mostRunning == 2)
            }
        }
    }

    @Test func deletedBranchCancelsWhatWaits() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with([pipeline()], executor: executor, data: folder, configure: { $0.queue.slots = 1 })
            { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "running")
                try await agent.servers.push(2, to: main, of: repository())
                try await agent.wait(for: 2, "queued")
                try await agent.servers.delete(main, of: repository())
                #expect(try await agent.wait(for: 2, "cancelled").message == "branch `main` was deleted")
                await executor.finish()
                try await agent.wait(for: 1, "succeeded")
            }
        }
    }

    @Test func timeLimitEndsARun() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with(
                [pipeline()], executor: executor, data: folder, configure: { $0.limits.time = .seconds(1) }
            ) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                #expect(try await agent.wait(for: 1, "failed").message == "time limit of 1s reached")
                #expect(await executor.cancelled == 1)
            }
        }
    }

    @Test func unchangedPathsSkipTheRun() async throws {
        try await withFolder { folder in
            let file = try pipeline(triggers: "main: { branch: main, paths: [\"src/**\"] }")
            try await TestAgent.with([file], data: folder) { agent in
                await agent.executor.setChanges(["docs/a.md"])
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "succeeded")
                try await agent.servers.push(2, to: main, of: repository())
                let skipped = try await agent.wait(for: 2, "skipped")
                #expect(skipped.message == "no path of trigger `main` changed since 0000000")
                await agent.executor.setChanges(["docs/a.md", "src/a.c"])
                try await agent.servers.push(3, to: main, of: repository())
                try await agent.wait(for: 3, "succeeded")
                #expect(await agent.executor.built.count == 2)
            }
        }
    }

    @Test func stoppingWaitsForRunsAndTakesNoMore() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "running")
                try await agent.servers.push(2, to: main, of: repository())
                try await agent.wait(for: 2, "queued")
                agent.stop.yield()
                try await eventually { try await agent.status().agent.state == "stopping" }
                await executor.finish()
                try await eventually { await executor.released == 1 }
            }
            let store = try SQLiteRunStore(path: folder.appending("agent.db"))
            let states = try await store.runs(RunFilter()).map { $0.run.state }
            #expect(states == [.queued, .succeeded])
        }
    }

    @Test func stopTimeoutPutsRunsBack() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with(
                [pipeline()], executor: executor, data: folder, configure: { $0.queue.stopTimeout = .milliseconds(30) }
            ) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "running")
                agent.stop.yield()
                try await eventually { await executor.released == 1 }
            }
            #expect(await executor.cancelled == 1)
            let run = try await SQLiteRunStore(path: folder.appending("agent.db")).runs(RunFilter()).first?.run
            #expect(
                run?.state == .queued && run?.lifecycle.faults == 0 && run?.lifecycle.message == "the agent stopped")
        }
    }

    @Test func nextAgentGoesOnWithWhatAKilledOneLeft() async throws {
        try await withFolder { folder in
            let store = try SQLiteRunStore(path: folder.appending("agent.db"))
            for number in 1...2 {
                _ = try await store.enqueue(
                    RunRequest(
                        pipeline: PipelineName("web"), trigger: TriggerName("main"), repository: repository(),
                        ref: main,
                        commit: commit(number), cause: .change), at: .now)
            }
            _ = try await store.claim(for: "dead", lease: .seconds(3600), at: .now)
            try await TestAgent.with([pipeline()], data: folder) { agent in
                let interrupted = try await agent.wait(for: 1, "succeeded")
                let queued = try await agent.wait(for: 2, "succeeded")
                #expect(interrupted.attempt == 2 && queued.attempt == 1)
            }
        }
    }

    @Test func runOfARemovedPipelineEndsAsError() async throws {
        try await withFolder { folder in
            let store = try SQLiteRunStore(path: folder.appending("agent.db"))
            _ = try await store.enqueue(
                RunRequest(
                    pipeline: PipelineName("gone"), trigger: TriggerName("main"), repository: repository(), ref: main,
                    commit: commit(1), cause: .change), at: .now)
            try await TestAgent.with([pipeline()], data: folder) { agent in
                let run = try await agent.wait(for: 1, "error")
                #expect(run.message == "pipeline `gone` has no trigger `main` any more")
            }
        }
    }

    @Test func secondAgentOnTheSameDataIsRefused() async throws {
        try await withFolder { folder in
            try await TestAgent.with([pipeline()], data: folder) { _ in
                let error = await #expect(throws: AgentError.self) {
                    try await TestAgent.with([], data: folder) { _ in }
                }
                #expect(error?.message.contains("is in use by another agent (process ") == true)
                #expect(error?.code == .dataFolder)
            }
        }
    }

    @Test func portInUseIsSaid() async throws {
        try await withFolder { folder in
            try await TestAgent.with([], data: folder.appending("a")) { agent in
                let port = agent.port
                let error = await #expect(throws: AgentError.self) {
                    try await TestAgent.with(
                        [], data: folder.appending("b"),
                        configure: { $0.http.listen = ListenAddress(host: "127.0.0.1", port: port) }
                    ) { _ in }
                }
                #expect(error?.message.contains("cannot serve HTTP at 127.0.0.1:\(port)") == true)
            }
        }
    }
}
