/// Work that several askers share while it runs: the first one starts it, all get its result and all its events,
/// late ones the latest events so far first. It is cancelled when nobody waits for it any more; the last one to leave waits
/// until it has ended, so that nothing of it goes on behind the back of whoever was cancelled.
package actor SharedWork<Key: Hashable & Sendable, Value: Sendable, Event: Sendable> {
    private typealias Waiter = CheckedContinuation<Value, any Error>

    private struct Running {
        /// Tells this run from a later one of the same key.
        let number: Int
        var task: Task<Void, Never>?
        let broadcast = Broadcast<Event>()
        var waiters: [Int: Waiter] = [:]
    }

    private var running: [Key: Running] = [:]
    private var nextNumber = 0

    package init() {}

    /// The result of `work`, or of the same work that someone else has started. Errors reach every asker.
    package func value(
        for key: Key, receive: @escaping @Sendable (Event) -> Void,
        work: @escaping @Sendable (@escaping @Sendable (Event) -> Void) async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let id = takeNumber()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                join(key, as: id, continuation, receive, work: work)
            }
        } onCancel: {
            Task { await self.leave(key, waiter: id) }
        }
    }

    /// How many wait for the work that runs under `key`.
    package func waiters(for key: Key) -> Int { running[key]?.waiters.count ?? 0 }

    private func takeNumber() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    private func join(
        _ key: Key, as id: Int, _ waiter: Waiter, _ receive: @escaping @Sendable (Event) -> Void,
        work: @escaping @Sendable (@escaping @Sendable (Event) -> Void) async throws -> Value
    ) {
        if let shared = running[key] {
            shared.broadcast.add(receive, as: id)
            running[key]?.waiters[id] = waiter
            return
        }
        let started = Running(number: takeNumber(), waiters: [id: waiter])
        started.broadcast.add(receive, as: id)
        running[key] = started
        running[key]?.task = Task {
            let result: Result<Value, any Error>
            do {
                result = .success(try await work { started.broadcast.send($0) })
            } catch {
                result = .failure(error)
            }
            self.finish(key, started.number, with: result)
        }
    }

    private func finish(_ key: Key, _ number: Int, with result: Result<Value, any Error>) {
        guard let done = running[key], done.number == number else { return }
        running[key] = nil
        for waiter in done.waiters.values { waiter.resume(with: result) }
    }

    private func leave(_ key: Key, waiter id: Int) {
        guard let waiter = running[key]?.waiters.removeValue(forKey: id) else { return }
        running[key]?.broadcast.remove(id)
        guard let abandoned = running[key], abandoned.waiters.isEmpty else {
            return waiter.resume(throwing: CancellationError())
        }
        running[key] = nil
        abandoned.task?.cancel()
        Task {
            await abandoned.task?.value
            waiter.resume(throwing: CancellationError())
        }
    }
}
