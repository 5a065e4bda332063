import Synchronization

/// Takes out of a step's standard error what the runtime writes there when the step cannot start: the same stands in
/// its log, which becomes the error. crun writes it before the log, so such a line waits for what follows.
final class RuntimeEcho: Sendable {
    private struct State {
        var hasBegun = false
        var held: SandboxOutput?
    }

    private let sink: @Sendable (SandboxOutput) -> Void
    private let state = Mutex(State())

    init(_ sink: @escaping @Sendable (SandboxOutput) -> Void) { self.sink = sink }

    func receive(_ output: SandboxOutput) {
        let ready = state.withLock { state -> [SandboxOutput] in
            defer { state.hasBegun = true }
            if !state.hasBegun, Self.mayBeRuntimes(output.bytes) {
                state.held = output
                return []
            }
            return [state.held.take(), output].compactMap { $0 }
        }
        ready.forEach(sink)
    }

    /// Nothing more comes; `log` is what the runtime wrote to its log.
    func end(log: [UInt8]) {
        guard let held = state.withLock({ $0.held.take() }) else { return }
        let line = String(decoding: held.bytes.dropLast(), as: UTF8.self)
        if log.isEmpty || RuntimeLog.lastLine(of: String(decoding: log, as: UTF8.self)) != line { sink(held) }
    }

    /// One line that begins as the runtime's do.
    private static func mayBeRuntimes(_ bytes: [UInt8]) -> Bool {
        let newline = UInt8(ascii: "\n")
        guard bytes.count < 1 << 13, bytes.last == newline, !bytes.dropLast().contains(newline) else { return false }
        return RuntimeLog.isAboutCommand(String(decoding: bytes, as: UTF8.self))
    }
}
