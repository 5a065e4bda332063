import Glibc
import Linux
import Synchronization

/// Copies what somebody gives to a step, on a thread of its own: a read may wait for ever, and regular files cannot be
/// waited for on a loop.
final class InputRelay: Sendable {
    /// Closed to stop the thread.
    private let stopper: Mutex<SharedDescriptor?>
    private let copying: Task<Void, any Error>

    /// Lets go of `target` at the end of `source`, or when nobody reads `target` any more.
    init(from source: SharedDescriptor, to target: SharedDescriptor) throws(SystemError) {
        try target.setNonBlocking()
        let pipe = try Pipe()
        stopper = Mutex(pipe.writer)
        copying = Task { [stop = pipe.reader] in
            try await BlockingThread(label: "input").run { Self.copy(from: source, to: target, until: stop) }
        }
    }

    /// A pipe whose writing end only the relay holds; returns the reading end.
    static func pipe(from source: SharedDescriptor) throws(SystemError) -> (InputRelay, SharedDescriptor) {
        let pipe = try Pipe()
        return (try InputRelay(from: source, to: pipe.writer), pipe.reader)
    }

    /// Nothing is read any more when this returns.
    func stop() async {
        stopper.withLock { $0 = nil }
        _ = await copying.result
    }

    private static func copy(from source: SharedDescriptor, to target: SharedDescriptor, until stop: SharedDescriptor) {
        // Of a target without a reader we want EPIPE; the signal, sent to this thread, stays pending.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while wait(for: source, POLLIN, or: stop) {
            let count = read(source.rawValue, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0, write(buffer[..<count], to: target, until: stop) else { return }
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to target: SharedDescriptor, until stop: SharedDescriptor)
        -> Bool
    {
        var rest = bytes
        while !rest.isEmpty {
            guard wait(for: target, POLLOUT, or: stop) else { return false }
            let count = rest.withUnsafeBytes { Glibc.write(target.rawValue, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits until `descriptor` is ready; false to stop.
    private static func wait(for descriptor: SharedDescriptor, _ events: CInt, or stop: SharedDescriptor) -> Bool {
        var polled = [
            pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0),
            pollfd(fd: stop.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&polled, 2, -1)
            if count < 0, errno == EINTR { continue }
            return count > 0 && polled[1].revents == 0
        }
    }
}
