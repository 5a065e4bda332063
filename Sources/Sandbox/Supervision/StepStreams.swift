import Linux

/// What a step reads and where it writes.
struct StepStreams: Sendable {
    private let standardOutput: StepOutput
    private let standardError: StepOutput
    private let echo: RuntimeEcho
    private let relay: InputRelay?
    /// What the runtime reads; nil is nothing.
    let input: SharedDescriptor?
    let terminal: StepTerminal?

    init(
        _ input: SandboxInput, loop: EventLoop, sink: @escaping @Sendable (SandboxOutput) -> Void
    ) throws {
        standardOutput = StepOutput(.standardOutput, sink: sink)
        let echo = RuntimeEcho(sink)
        self.echo = echo
        standardError = StepOutput(.standardError) { echo.receive($0) }
        switch input {
        case .none: (relay, self.input, terminal) = (nil, nil, nil)
        case .stream(let source):
            (relay, self.input) = try InputRelay.pipe(from: source)
            terminal = nil
        case .terminal(let outer):
            (relay, self.input) = (nil, nil)
            terminal = try StepTerminal(outer, output: StepOutput(.standardOutput, sink: sink), loop: loop)
            try terminal?.listen()
        }
    }

    /// The writing ends, for the step alone to hold.
    func open(on loop: EventLoop) throws(SystemError) -> (output: SharedDescriptor, error: SharedDescriptor) {
        (try standardOutput.open(on: loop), try standardError.open(on: loop))
    }

    /// Waits until all that a step wrote, which is over, was handed on. `log` is the runtime's.
    func end(log: SharedDescriptor) async throws -> [UInt8] {
        await standardOutput.end()
        await standardError.end()
        let log = try log.contents(limit: 1 << 16)
        echo.end(log: log)
        try await abandon()
        return log
    }

    /// For a step that has not begun, or of which nothing is known.
    func abandon() async throws {
        echo.end(log: [])
        await relay?.stop()
        try await terminal?.end()
    }
}
