import Linux
import Synchronization

/// Kills a step for one of two reasons, also before it has started.
final class StepControl: Sendable {
    private struct State {
        var handle: StepHandle?
        var isKilled = false
        var timedOut = false
        var isOver = false
    }

    private let state = Mutex(State())

    var timedOut: Bool { state.withLock { $0.timedOut } }

    func started(_ handle: StepHandle) {
        let isKilled = state.withLock { state in
            state.handle = handle
            return state.isKilled
        }
        if isKilled { handle.kill() }
    }

    func kill() {
        state.withLock { state in
            state.isKilled = true
            return state.handle
        }?.kill()
    }

    func timeOut() {
        let isLate = state.withLock { state in
            if !state.isOver { state.timedOut = true }
            return state.isOver
        }
        if !isLate { kill() }
    }

    func ended() { state.withLock { $0.isOver = true } }
}
