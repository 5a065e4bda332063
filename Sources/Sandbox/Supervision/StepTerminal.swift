import Linux
import Synchronization

/// Joins the terminal somebody sits at with the one that the runtime makes for a step.
final class StepTerminal: Sendable {
    private struct State {
        var watches: [EventWatch] = []
        var connection: SharedDescriptor?
        var relay: InputRelay?
        var isJoined = false
        var isOver = false
        var failure: SystemError?
    }

    let socket: TerminalSocket
    private let outer: Terminal
    var size: TerminalSize? { outer.size }
    private let output: StepOutput
    private let loop: EventLoop
    private let state = Mutex(State())

    init(_ outer: Terminal, output: StepOutput, loop: EventLoop) throws {
        self.outer = outer
        self.output = output
        self.loop = loop
        socket = try TerminalSocket()
    }

    /// Waits for the runtime.
    func listen() throws(SystemError) {
        let watch = try loop.watch(socket.listener) { [self] _, _ in state.withLock { accept(&$0) } }
        state.withLock { $0.watches.append(watch) }
    }

    /// For the end of the step: when this returns, all it has written was handed over and the terminal is as before.
    func end() async throws {
        let (relay, watches, isJoined) = state.withLock { state in
            // What the runtime has sent may not have been looked at.
            accept(&state)
            join(&state)
            state.isOver = true
            return (state.relay, state.watches, state.isJoined)
        }
        if isJoined { await output.end() }
        for watch in watches { watch.cancel() }
        await relay?.stop()
        Terminal.restore()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func accept(_ state: inout State) {
        guard !state.isOver, let connection = socket.accept() else { return }
        state.connection = connection
        do {
            let watch = try loop.watch(connection) { [self] watch, _ in
                self.state.withLock { join(&$0) }
                watch.cancel()
            }
            state.watches.append(watch)
        } catch {
            state.failure = error
        }
    }

    /// Takes the terminal from who has connected.
    private func join(_ state: inout State) {
        guard !state.isOver, let connection = state.connection else { return }
        state.connection = nil
        do {
            guard let inner = try TerminalSocket.terminal(from: connection) else { return }
            try outer.makeRaw()
            if let size = outer.size { try inner.resize(to: size) }
            let window = try Terminal.watchWindow(on: loop) { [outer] in
                // A terminal that has gone has no size to follow.
                if let size = outer.size { try? inner.resize(to: size) }
            }
            state.watches.append(window)
            state.relay = try InputRelay(from: outer.descriptor, to: inner.descriptor)
            try output.follow(inner.descriptor, on: loop)
            state.isJoined = true
        } catch {
            state.failure = error
        }
    }
}
