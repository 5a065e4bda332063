import Synchronization

/// Tells everybody who waits that something changed; ringing when nobody waits is not forgotten by those who began to
/// listen before.
package final class Doorbell: Sendable {
    private struct State {
        var nextKey = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func ring() {
        for listener in state.withLock({ $0.listeners.values.map { $0 } }) { listener.yield() }
    }

    /// One element for any number of rings since the last look.
    func listen() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let key = state.withLock { state in
            state.nextKey += 1
            state.listeners[state.nextKey] = continuation
            return state.nextKey
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: key) }
        }
        return stream
    }
}

/// Bounds how many tasks do something at once; first come, first served.
actor Permits {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func hold<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        await take()
        defer { give() }
        try Task.checkCancellation()
        return try await body()
    }

    private func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}

struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String
}

/// The result of `body`, or `DeadlinePassed` with `message` when it takes too long; `body` is cancelled and waited for.
func withDeadline<Result: Sendable>(
    _ limit: Duration, _ message: @autoclosure () -> String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let passed = DeadlinePassed(description: message())
    return try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw passed
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}

/// Runs `body` to its end even when the caller's task is cancelled: for what must still be written down.
func shielded<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    try await Task { try await body() }.value
}
