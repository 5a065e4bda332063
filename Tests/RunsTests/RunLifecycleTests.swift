import Runs
import Testing

@Suite struct RunLifecycleTests {
    static func running() throws -> RunLifecycle {
        var run = RunLifecycle()
        try run.lease(to: "w1", for: lease, at: start)
        return run
    }

    @Test func leaseStartsAnAttempt() throws {
        let run = try Self.running()
        #expect(run.state == .running && run.attempt == 1)
        #expect(run.lease?.worker == "w1" && run.lease?.expires == at(60))
        #expect(run.startedAt == start && run.finishedAt == nil)
    }

    @Test(arguments: [
        (RunOutcome.succeeded, RunLifecycle.State.succeeded), (.failed("x"), .failed), (.error("x"), .error),
        (.cancelled("x"), .cancelled), (.skipped("x"), .skipped),
    ])
    func everyOutcomeEndsTheRun(outcome: RunOutcome, state: RunLifecycle.State) throws {
        var run = try Self.running()
        try run.finish(attempt: 1, outcome, at: at(5))
        #expect(run.state == state && run.state.isFinal && run.lease == nil)
        #expect(run.finishedAt == at(5) && run.message == outcome.message)
    }

    @Test func renewalProlongsTheLeaseAndTellsOfCancellation() throws {
        var run = try Self.running()
        #expect(try run.renew(attempt: 1, for: lease, at: at(15)) == nil)
        #expect(run.lease?.expires == at(75))
        run.cancel("by anna", at: at(20))
        run.cancel("by bert", at: at(21))
        #expect(run.state == .running)
        #expect(try run.renew(attempt: 1, for: lease, at: at(30)) == "by anna")
    }

    @Test func queuedRunIsCancelledAtOnce() {
        var run = RunLifecycle()
        run.cancel("by anna", at: at(1))
        #expect(run.state == .cancelled && run.message == "by anna" && run.finishedAt == at(1))
    }

    @Test func finishedRunIsNotCancelled() throws {
        var run = try Self.running()
        try run.finish(attempt: 1, .succeeded, at: at(5))
        run.cancel("too late", at: at(6))
        #expect(run.state == .succeeded && run.message == nil)
    }

    @Test func reportsOfAnEarlierAttemptAreRefused() throws {
        var run = try Self.running()
        try run.interrupt("worker is gone", retry: retry, at: at(60))
        try run.lease(to: "w2", for: lease, at: at(61))
        let before = run
        func expectLost(_ body: () throws -> Void) {
            let error = #expect(throws: RunsError.self, performing: body)
            #expect(error?.code == .leaseLost)
        }
        expectLost { _ = try run.renew(attempt: 1, for: lease, at: at(62)) }
        expectLost { try run.finish(attempt: 1, .succeeded, at: at(62)) }
        expectLost { try run.fault(attempt: 1, "x", retry: retry, at: at(62)) }
        expectLost { try run.giveBack(attempt: 1, "x", at: at(62)) }
        #expect(run == before)
    }

    @Test func faultsWaitLongerEachTimeAndEndAsError() throws {
        var run = RunLifecycle()
        var now = start
        var pauses: [Duration] = []
        while !run.state.isFinal {
            try run.lease(to: "w1", for: lease, at: now)
            try run.fault(attempt: run.attempt, "registry is down", retry: retry, at: now)
            if let next = run.notBefore {
                pauses.append(next - now)
                #expect(throws: RunsError.self) { try run.lease(to: "w1", for: lease, at: now) }
                now = next
            }
        }
        #expect(run.state == .error && run.attempt == 3)
        #expect(pauses == [.seconds(10), .seconds(40)])
        #expect(run.message == "registry is down (attempt 3 of 3)")
    }

    @Test func interruptedRunIsRepeatedAtOnceButNotForEver() throws {
        var run = RunLifecycle()
        for attempt in 1...3 {
            try run.lease(to: "w1", for: lease, at: at(attempt))
            try run.interrupt("worker is gone", retry: retry, at: at(attempt))
        }
        #expect(run.state == .error && run.attempt == 3 && run.faults == 3)
    }

    @Test func drainedRunLosesNoAttempt() throws {
        var run = RunLifecycle()
        for attempt in 1...10 {
            try run.lease(to: "w1", for: lease, at: at(attempt))
            try run.giveBack(attempt: attempt, "agent stops", at: at(attempt))
        }
        #expect(run.state == .queued && run.attempt == 10 && run.faults == 0)
    }

    @Test func cancelledRunIsNotQueuedAgain() throws {
        for end in 0..<3 {
            var run = try Self.running()
            run.cancel("by anna", at: at(1))
            switch end {
            case 0: try run.interrupt("gone", retry: retry, at: at(2))
            case 1: try run.giveBack(attempt: 1, "stops", at: at(2))
            default: try run.fault(attempt: 1, "down", retry: retry, at: at(2))
            }
            #expect(run.state == .cancelled && run.message == "by anna")
        }
    }

    @Test(arguments: [(1, 10), (2, 40), (3, 60), (4, 60), (100, 60)]) func backoffIsBounded(fault: Int, seconds: Int) {
        #expect(retry.delay(afterFault: fault) == .seconds(seconds))
    }

    @Test(arguments: 0..<200) func noSequenceOfEventsBreaksTheRules(seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var run = RunLifecycle()
        for second in 0..<60 {
            let before = run
            let attempt = max(1, run.attempt - random(2))
            switch random(8) {
            case 0, 1: try? run.lease(to: "w", for: lease, at: at(second * 20))
            case 2: _ = try? run.renew(attempt: attempt, for: lease, at: at(second * 20))
            case 3: try? run.finish(attempt: attempt, .failed("x"), at: at(second * 20))
            case 4: try? run.fault(attempt: attempt, "x", retry: retry, at: at(second * 20))
            case 5: try? run.interrupt("x", retry: retry, at: at(second * 20))
            case 6: try? run.giveBack(attempt: attempt, "x", at: at(second * 20))
            default: if random(4) == 0 { run.cancel("x", at: at(second * 20)) }
            }
            #expect((run.lease != nil) == (run.state == .running))
            #expect((run.finishedAt != nil) == run.state.isFinal)
            #expect(run.attempt >= before.attempt && run.faults >= before.faults && run.faults <= retry.attempts)
            if before.state.isFinal { #expect(run == before) }
        }
    }
}
