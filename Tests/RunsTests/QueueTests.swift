import Pipeline
import Runs
import Testing

@Suite struct QueueTests {
    @Test func equalRequestsAreOneRun() async throws {
        try await withStore { store in
            let first = try await store.enqueue(request(1), at: start)
            let second = try await store.enqueue(request(1), at: at(1))
            #expect(first.isNew && !second.isNew && first.run == second.run)
            let token = RunRequest.Cause.manual(token: "t1")
            let manual = try await store.enqueue(request(1, cause: token), at: at(2))
            let again = try await store.enqueue(request(1, cause: token), at: at(3))
            #expect(manual.isNew && !again.isNew && manual.run.id == again.run.id && manual.run.id != first.run.id)
            #expect(manual.run.request.cause == token)
        }
    }

    @Test func runsAreClaimedInOrderAndOncePerRef() async throws {
        try await withStore { store in
            let one = try await store.enqueue(request(1), at: start).run
            let two = try await store.enqueue(request(2), at: start).run
            let other = try await store.enqueue(request(2, ref: "other"), at: start).run
            let claimed = try await store.claim(for: "w", lease: lease, at: at(1))
            #expect(claimed?.id == one.id && claimed?.state == .running && claimed?.lifecycle.attempt == 1)
            #expect(try await store.claim(for: "w", lease: lease, at: at(1))?.id == other.id)
            #expect(try await store.claim(for: "w", lease: lease, at: at(1)) == nil)
            _ = try await store.finish(one.nextClaim, .succeeded, targets: [], at: at(2))
            #expect(try await store.claim(for: "w", lease: lease, at: at(3))?.id == two.id)
        }
    }

    @Test func laterCommitWaitsForTheRetryOfTheEarlier() async throws {
        try await withStore { store in
            let one = try await store.enqueue(request(1), at: start).run
            _ = try await store.enqueue(request(2), at: start)
            _ = try await store.claim(for: "w", lease: lease, at: start)
            let faulted = try await store.fault(one.nextClaim, "down", retry: retry, targets: [], at: at(1))
            #expect(faulted.state == .queued && faulted.lifecycle.notBefore == at(11))
            #expect(try await store.nextStart() == at(11))
            #expect(try await store.claim(for: "w", lease: lease, at: at(10)) == nil)
            #expect(try await store.claim(for: "w", lease: lease, at: at(11))?.id == one.id)
        }
    }

    @Test(.timeLimit(.minutes(1))) func concurrentClaimsNeverShareARun() async throws {
        try await withStore { store in
            for number in 0..<40 { _ = try await store.enqueue(request(1, ref: "b\(number)"), at: start) }
            let claimed = try await withThrowingTaskGroup(of: [RunID].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        var ids: [RunID] = []
                        while let run = try await store.claim(for: "w\(worker)", lease: lease, at: start) {
                            ids.append(run.id)
                        }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 40 && Set(claimed).count == 40)
        }
    }

    @Test func lostLeaseRefusesEveryReport() async throws {
        try await withStore { store in
            let run = try await store.enqueue(request(), at: start).run
            let old = run.nextClaim
            _ = try await store.claim(for: "w1", lease: lease, at: start)
            #expect(try await store.interrupt(.expired, "silent", retry: retry, at: at(60)).isEmpty)
            #expect(try await store.interrupt(.expired, "silent", retry: retry, at: at(61)).map(\.id) == [run.id])
            _ = try await store.claim(for: "w2", lease: lease, at: at(62))
            let step = StepRecord(id: "1", name: "RUN true", startedAt: at(62))
            for report in [
                { _ = try await store.renew(old, lease: lease, at: at(63)) },
                { _ = try await store.finish(old, .succeeded, targets: [], at: at(63)) },
                { _ = try await store.fault(old, "x", retry: retry, targets: [], at: at(63)) },
                { _ = try await store.giveBack(old, "x", at: at(63)) },
                { try await store.record(step, of: old) },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: RunsError.self) { try await report() }
                #expect(error?.code == .leaseLost)
            }
            let details = try #require(try await store.details(of: run.id))
            #expect(details.run.state == .running && details.run.lifecycle.attempt == 2 && details.steps.isEmpty)
        }
    }

    @Test func renewalKeepsTheLeaseAndDeliversTheCancellation() async throws {
        try await withStore { store in
            let run = try await store.enqueue(request(), at: start).run
            _ = try await store.claim(for: "w", lease: lease, at: start)
            #expect(try await store.renew(run.nextClaim, lease: lease, at: at(50)) == nil)
            #expect(try await store.interrupt(.expired, "silent", retry: retry, at: at(100)).isEmpty)
            _ = try await store.cancel(run.id, "by anna", at: at(101))
            #expect(try await store.renew(run.nextClaim, lease: lease, at: at(102)) == "by anna")
        }
    }

    @Test func unknownRunIsAnError() async throws {
        try await withStore { store in
            let error = await #expect(throws: RunsError.self) { try await store.cancel(RunID(7), "x", at: start) }
            #expect(error?.code == .unknownRun)
            let details = try await store.details(of: RunID(7))
            #expect(details == nil)
        }
    }
}

extension Run {
    /// The claim that the next lease will give.
    var nextClaim: RunClaim { RunClaim(run: id, attempt: lifecycle.attempt + 1) }
}
