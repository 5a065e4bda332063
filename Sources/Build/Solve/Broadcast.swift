import Synchronization

/// Hands events to all who listen, in order and before `send` returns: a slow listener slows the sender down, and no
/// queue grows. Who listens late gets the latest of the earlier events first.
final class Broadcast<Event: Sendable>: Sendable {
    private struct State {
        var listeners: [Int: @Sendable (Event) -> Void] = [:]
        /// A ring: the oldest event is at `start` once it is full.
        var recent: [Event] = []
        var start = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// `capacity` events are kept for late listeners.
    init(capacity: Int = 512) { self.capacity = capacity }

    func send(_ event: Event) {
        state.withLock { state in
            if state.recent.count < capacity {
                state.recent.append(event)
            } else {
                state.recent[state.start] = event
                state.start = (state.start + 1) % capacity
            }
            for listener in state.listeners.values { listener(event) }
        }
    }

    /// A listener must not send or listen itself.
    func add(_ listener: @escaping @Sendable (Event) -> Void, as id: Int) {
        state.withLock { state in
            for event in state.recent[state.start...] + state.recent[..<state.start] { listener(event) }
            state.listeners[id] = listener
        }
    }

    func remove(_ id: Int) { state.withLock { $0.listeners[id] = nil } }
}
