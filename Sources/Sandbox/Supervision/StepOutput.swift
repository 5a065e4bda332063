import Glibc
import Linux
import Synchronization

/// The reading end of one of a step's streams.
///
/// The sink runs on the build's event loop; while it does not return, the pipe fills and the step waits: what is not
/// taken is not buffered.
final class StepOutput: Sendable {
    private struct State {
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let stream: SandboxOutput.Stream
    private let sink: @Sendable (SandboxOutput) -> Void
    private let state = Mutex(State())

    init(_ stream: SandboxOutput.Stream, sink: @escaping @Sendable (SandboxOutput) -> Void) {
        self.stream = stream
        self.sink = sink
    }

    /// Starts to read and returns the writing end. The stream ends when nobody holds that any more.
    func open(on loop: EventLoop) throws(SystemError) -> SharedDescriptor {
        let pipe = try Pipe()
        try pipe.reader.setNonBlocking()
        try follow(pipe.reader, on: loop)
        return pipe.writer
    }

    /// Starts to read `reader`, which does not block. A terminal ends when no program holds it any more.
    func follow(_ reader: SharedDescriptor, on loop: EventLoop) throws(SystemError) {
        try loop.watch(reader) { [self] watch, _ in
            if read(reader) { return }
            watch.cancel()
            finish()
        }
    }

    /// Hands on what is there; false at the end of the stream.
    private func read(_ reader: SharedDescriptor) -> Bool {
        var status = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            status = Glibc.read(reader.rawValue, buffer.baseAddress, buffer.count)
            count = max(0, status)
        }
        if status > 0 { sink(SandboxOutput(stream: stream, bytes: bytes)) }
        return status > 0 || status < 0 && (errno == EAGAIN || errno == EINTR)
    }

    /// Waits for the end of the stream.
    func end() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiter = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Ends the stream if it has not begun, too.
    func finish() {
        let waiter = state.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
