import Build
import Synchronization
import Testing

struct SharedWorkTests {
    typealias Work = SharedWork<String, Int, String>

    @Test func askersOfTheSameKeyShareOneRunAndLateOnesGetItsEvents() async throws {
        let work = Work()
        let runs = Counter()
        let started = Signal()
        let goOn = Signal()
        let joined = Signal()
        let first = Received()
        let second = Received()
        async let a = work.value(for: "k", receive: first.receive) { emit in
            runs.increment()
            emit("one")
            await started.send()
            await goOn.wait()
            emit("two")
            return 7
        }
        await started.wait()
        async let b = work.value(
            for: "k",
            receive: { event in
                second.receive(event)
                Task { await joined.send() }
            }
        ) { _ in
            runs.increment()
            return 0
        }
        await joined.wait()
        await goOn.send()
        #expect(try await [a, b] == [7, 7])
        #expect(runs.value == 1)
        #expect(first.events == ["one", "two"])
        #expect(second.events == ["one", "two"])
    }

    @Test func aFailureReachesEveryAskerAndIsNotKept() async throws {
        struct Failure: Error {}
        let work = Work()
        let goOn = Signal()
        let started = Signal()
        let first = Task {
            try await work.value(for: "k", receive: { _ in }) { _ in
                await started.send()
                await goOn.wait()
                throw Failure()
            }
        }
        await started.wait()
        let second = Task { try await work.value(for: "k", receive: { _ in }) { _ in 1 } }
        while await work.waiters(for: "k") < 2 { try? await Task.sleep(for: .milliseconds(1)) }
        await goOn.send()
        await #expect(throws: Failure.self) { try await first.value }
        await #expect(throws: Failure.self) { try await second.value }
        #expect(try await work.value(for: "k", receive: { _ in }) { _ in 2 } == 2)
    }

    @Test func oneAskerWhoLeavesDoesNotDisturbTheOthers() async throws {
        let work = Work()
        let goOn = Signal()
        let started = Signal()
        let first = Task {
            try await work.value(for: "k", receive: { _ in }) { _ in
                await started.send()
                await goOn.wait()
                return Task.isCancelled ? 0 : 5
            }
        }
        await started.wait()
        let second = Task { try await work.value(for: "k", receive: { _ in }) { _ in 1 } }
        while await work.waiters(for: "k") < 2 { try? await Task.sleep(for: .milliseconds(1)) }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        await goOn.send()
        #expect(try await second.value == 5)
    }

    @Test func theLastAskerWhoLeavesWaitsForTheEnd() async throws {
        let work = Work()
        let started = Signal()
        let ended = Counter()
        let asker = Task {
            try await work.value(for: "k", receive: { _ in }) { _ in
                await started.send()
                while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
                for _ in 0..<100 { try? await Task.sleep(for: .milliseconds(1)) }
                ended.increment()
                return 1
            }
        }
        await started.wait()
        asker.cancel()
        await #expect(throws: CancellationError.self) { try await asker.value }
        #expect(ended.value == 1)
    }

    @Test func workBeginsAnewWhileTheAbandonedOneEnds() async throws {
        let work = Work()
        let started = Signal()
        let goOn = Signal()
        let asker = Task {
            try await work.value(for: "k", receive: { _ in }) { _ in
                await started.send()
                await goOn.wait()
                return 1
            }
        }
        await started.wait()
        asker.cancel()
        while await work.waiters(for: "k") > 0 { try? await Task.sleep(for: .milliseconds(1)) }
        #expect(try await work.value(for: "k", receive: { _ in }) { _ in 2 } == 2)
        await goOn.send()
        await #expect(throws: CancellationError.self) { try await asker.value }
    }
}
