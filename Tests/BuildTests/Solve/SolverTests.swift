import Build
import Dockerfile
import Testing

struct SolverTests {
    @Test func aSecondBuildRunsNothingAndReportsEveryStepOnceInOrder() async throws {
        let fixture = SolverFixture()
        let dockerfile = "FROM scratch\nRUN one\nRUN two\nWORKDIR /x"
        let first = try await fixture.solve(dockerfile)
        let log = EventLog()
        let second = try await fixture.solve(dockerfile, log: log)
        #expect(first == second)
        #expect(await fixture.executor.executed == ["RUN one", "RUN two", "WORKDIR /x"])
        #expect(log.outcomes == ["cached RUN one", "cached RUN two", "cached WORKDIR /x"])
        #expect(log.started == ["RUN one", "RUN two", "WORKDIR /x"])
    }

    @Test func stepsBehindAHitAreReportedForEveryInputAndOnlyOnceForAllTargets() async throws {
        let fixture = SolverFixture()
        let dockerfile = """
            FROM scratch AS a
            RUN one
            FROM a AS b
            RUN two
            FROM a AS c
            COPY --from=b /x /
            RUN three
            """
        _ = try await fixture.solve(dockerfile, targets: ["b", "c"])
        let log = EventLog()
        _ = try await fixture.solve(dockerfile, targets: ["c", "b"], log: log)
        #expect(
            log.outcomes.sorted()
                == ["cached COPY --from=b /x /", "cached RUN one", "cached RUN three", "cached RUN two"])
        #expect(log.started.first == "RUN one")
        #expect(await fixture.executor.executed.count == 4)
    }

    @Test func aHitNeedsNoInput() async throws {
        let fixture = SolverFixture()
        let dockerfile = "FROM scratch\nRUN one\nRUN two"
        _ = try await fixture.solve(dockerfile)
        await fixture.records.forget("RUN one")
        let log = EventLog()
        _ = try await fixture.solve(dockerfile, log: log)
        #expect(await fixture.executor.executed == ["RUN one", "RUN two"])
        #expect(log.outcomes.sorted() == ["cached RUN one", "cached RUN two"])
    }

    @Test func aStepAfterOneThatRanAgainWithTheSameResultIsCached() async throws {
        let fixture = SolverFixture([.file("a", "1"), .file("b", "1")])
        await fixture.executor.setResult(of: "RUN make", to: "object")
        await fixture.executor.setResult(of: "COPY --from=0 /x /", to: "program")
        let dockerfile = "FROM scratch\nCOPY a /\nRUN make\nFROM scratch\nCOPY --from=0 /x /\nRUN test"
        _ = try await fixture.solve(dockerfile)
        await fixture.executor.clear()
        await fixture.executor.setResult(of: "COPY a /", to: "other source")
        await fixture.executor.setContext([.file("a", "2"), .file("b", "1")])
        _ = try await fixture.solve(dockerfile)
        // The second copy gives what it gave before, so the last command is cached.
        #expect(await fixture.executor.executed == ["COPY a /", "RUN make", "COPY --from=0 /x /"])

        await fixture.executor.clear()
        await fixture.executor.setContext([.file("a", "3"), .file("b", "1")])
        let log = EventLog()
        _ = try await fixture.solve(dockerfile, log: log)
        #expect(await fixture.executor.executed == ["COPY a /"])
        #expect(log.outcomes.first == "ran COPY a /")
        #expect(log.outcomes.dropFirst().allSatisfy { $0.hasPrefix("cached") })
    }

    @Test func onlyStepsThatDependOnAChangedFileRun() async throws {
        let fixture = SolverFixture([.file("a", "1"), .file("b", "1"), .file("unrelated", "1")])
        let dockerfile = "FROM scratch\nCOPY a /\nRUN one\nCOPY b /\nRUN two"
        _ = try await fixture.solve(dockerfile)
        await fixture.executor.clear()
        await fixture.executor.setContext([.file("a", "1"), .file("b", "2"), .file("unrelated", "2")])
        let log = EventLog()
        _ = try await fixture.solve(dockerfile, log: log)
        #expect(log.outcomes == ["cached COPY a /", "cached RUN one", "ran COPY b /", "ran RUN two"])
    }

    @Test func withoutTheCacheEverythingRunsAndIsRecorded() async throws {
        let fixture = SolverFixture()
        let dockerfile = "FROM scratch\nRUN one\nRUN two"
        _ = try await fixture.solve(dockerfile)
        _ = try await fixture.solve(dockerfile, usesCache: false)
        #expect(await fixture.executor.executed == ["RUN one", "RUN two", "RUN one", "RUN two"])
        await fixture.executor.clear()
        _ = try await fixture.solve(dockerfile)
        #expect(await fixture.executor.executed.isEmpty)
    }

    @Test func theSameStepRunsOnceInOneBuild() async throws {
        let fixture = SolverFixture()
        // Different bases by definition, the same by content.
        await fixture.executor.setResult(of: "RUN left", to: "same")
        await fixture.executor.setResult(of: "RUN right", to: "same")
        _ = try await fixture.solve(
            "FROM scratch AS a\nRUN left\nRUN make\nFROM scratch AS b\nRUN right\nRUN make", targets: ["a", "b"])
        #expect(await fixture.executor.executed.count { $0 == "RUN make" } == 1)
    }

    @Test func theSameStepOfTwoBuildsRunsOnceAndBothSeeItsOutput() async throws {
        let fixture = SolverFixture()
        let gate = await fixture.executor.hold("RUN slow")
        let logs = [EventLog(), EventLog()]
        async let first = fixture.solve("FROM scratch\nRUN slow", log: logs[0])
        await gate.entered.wait()
        async let second = fixture.solve("FROM scratch AS other\nLABEL a=b\nRUN slow", log: logs[1])
        while !logs[1].output.contains("RUN slow") { try? await Task.sleep(for: .milliseconds(1)) }
        await gate.goOn.send()
        #expect(try await first == second)
        #expect(await fixture.executor.executed == ["RUN slow"])
        #expect(logs.map(\.output) == ["RUN slow\n", "RUN slow\n"])
        #expect(logs.map(\.outcomes) == [["ran RUN slow"], ["ran RUN slow"]])
    }

    @Test func aFailureCancelsWhatRunsBesideItAndNamesTheStep() async throws {
        struct Broken: Error {}
        let fixture = SolverFixture()
        let slow = await fixture.executor.hold("RUN slow")
        let bad = await fixture.executor.hold("RUN bad")
        await fixture.executor.fail("RUN bad", with: Broken())
        let log = EventLog()
        let build = Task {
            try await fixture.solve(
                "FROM scratch AS a\nRUN slow\nFROM scratch AS b\nRUN bad\nRUN never", targets: ["a", "b"], log: log)
        }
        await slow.entered.wait()
        await bad.entered.wait()
        await bad.goOn.send()
        await #expect(throws: Broken.self) { try await build.value }
        #expect(await fixture.executor.cancelled == ["RUN slow"])
        #expect(log.outcomes == ["failed RUN bad"])
    }

    @Test func aSharedFailureIsReportedAsEachBuildsOwnStep() async throws {
        let fixture = SolverFixture()
        let plan = try await BuildPlan.of("FROM scratch AS first\nRUN bad")
        let gate = await fixture.executor.hold("RUN bad")
        await fixture.executor.fail(
            "RUN bad", with: BuildError.step(StepFailure(step: plan.steps[0], message: "broke", exitCode: 3)))
        async let first = Result { try await fixture.solve("FROM scratch AS first\nRUN bad") }
        await gate.entered.wait()
        let log = EventLog()
        async let second = Result { try await fixture.solve("FROM scratch AS second\nLABEL a=b\n\nRUN bad", log: log) }
        while log.output.isEmpty { try? await Task.sleep(for: .milliseconds(1)) }
        await gate.goOn.send()
        guard case .failure(BuildError.step(let one)) = await first,
            case .failure(BuildError.step(let two)) = await second
        else {
            Issue.record("both builds fail with their step")
            return
        }
        #expect(one.step.stage == "first")
        #expect(two.step.stage == "second")
        #expect(two.step.range.firstLine == 4)
        #expect(two.exitCode == 3)
        #expect(log.outcomes == ["failed RUN bad"])
    }

    /// The other build may lack a secret that this one has.
    @Test func aMistakeOfTheBuildThatRunsASharedStepIsItsOwn() async throws {
        let fixture = SolverFixture()
        let plan = try await BuildPlan.of("FROM scratch AS first\nRUN step")
        let gate = await fixture.executor.hold("RUN step")
        await fixture.executor.failOnce(
            "RUN step", with: BuildError.step(StepFailure(step: plan.steps[0], message: "secret `x`: not found")))
        async let first = Result { try await fixture.solve("FROM scratch AS first\nRUN step") }
        await gate.entered.wait()
        let log = EventLog()
        async let second = Result { try await fixture.solve("FROM scratch AS second\nRUN step", log: log) }
        while log.output.isEmpty { try? await Task.sleep(for: .milliseconds(1)) }
        await gate.goOn.send()
        guard case .failure(BuildError.step) = await first, case .success = await second else {
            Issue.record("only the first build fails")
            return
        }
        #expect(await fixture.executor.executed == ["RUN step", "RUN step"])
        #expect(log.outcomes == ["ran RUN step"])
    }

    @Test func oneBuildsCancellationLeavesASharedStepToTheOther() async throws {
        let fixture = SolverFixture()
        let gate = await fixture.executor.hold("RUN slow")
        let first = Task { try await fixture.solve("FROM scratch\nRUN slow") }
        await gate.entered.wait()
        let log = EventLog()
        let second = Task { try await fixture.solve("FROM scratch\nRUN slow", log: log) }
        while log.output.isEmpty { try? await Task.sleep(for: .milliseconds(1)) }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        await gate.goOn.send()
        _ = try await second.value
        #expect(await fixture.executor.executed == ["RUN slow"])
        #expect(await fixture.executor.cancelled.isEmpty)
    }

    @Test func aCancelledBuildReturnsWhenItsStepsHaveEnded() async throws {
        let fixture = SolverFixture()
        let gate = await fixture.executor.hold("RUN slow")
        let build = Task { try await fixture.solve("FROM scratch\nRUN slow") }
        await gate.entered.wait()
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
        #expect(await fixture.executor.cancelled == ["RUN slow"])
        #expect(await fixture.records.count == 0)
    }

    @Test func aMissingSourceFailsBeforeAnythingRuns() async throws {
        let fixture = SolverFixture([.file("a")])
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await fixture.solve("FROM scratch\nRUN one\nCOPY b /\nRUN two", log: log)
        }
        #expect(error?.description == "line 3, in stage 0: `b` is not in the build context")
        #expect(await fixture.executor.executed.isEmpty)
        #expect(log.outcomes == ["failed COPY b /"])
    }

    @Test func targetsThatSucceedEachForThemselvesKeepTheirResults() async throws {
        struct Broken: Error {}
        let fixture = SolverFixture()
        await fixture.executor.fail("RUN bad", with: Broken())
        let plan = try await BuildPlan.of("FROM scratch AS a\nRUN good\nFROM scratch AS b\nRUN bad") {
            $0.targets = ["a", "b"]
        }
        let solver = Solver(
            graph: plan.graph, records: fixture.records, executor: fixture.executor, flights: fixture.flights,
            usesCache: true, now: { 0 }, report: { _ in })
        let results = await solver.solveEach(plan.targets.map(\.vertex))
        #expect(try results[0].get().layers.count == 1)
        #expect(throws: Broken.self) { try results[1].get() }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
