import Glibc
import Synchronization

/// What a child writes into a pipe, kept up to a limit. Lives on the shared event loop.
final class ChildOutput: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isTruncated = false
        var isOver = false
    }

    private let limit: Int
    private let reader: SharedDescriptor
    private let state = Mutex(State())

    /// `reader` must be non-blocking.
    init(_ reader: SharedDescriptor, limit: Int) {
        self.reader = reader
        self.limit = limit
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var isTruncated: Bool { state.withLock { $0.isTruncated } }

    func start() throws(SystemError) {
        try EventLoop.shared.watch(reader) { [self] watch, _ in
            if drain() { watch.cancel() }
        }
    }

    /// Takes what is there and ends, without waiting for others that hold the pipe.
    func finish() {
        _ = drain()
        state.withLock { $0.isOver = true }
    }

    /// Reads what is there; true at the end of the stream.
    private func drain() -> Bool {
        state.withLock { state in
            if state.isOver { return true }
            return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
                while true {
                    let count = read(reader.rawValue, buffer.baseAddress, buffer.count)
                    if count < 0, Glibc.errno == EINTR { continue }
                    if count < 0, Glibc.errno == EAGAIN { return false }
                    guard count > 0 else {
                        state.isOver = true
                        return true
                    }
                    let room = min(count, limit - state.bytes.count)
                    state.bytes.append(contentsOf: buffer[..<room])
                    if room < count { state.isTruncated = true }
                }
            }
        }
    }
}

/// Bytes for a child's standard input, written as fast as it reads them.
enum ChildInput {
    /// `writer` must be non-blocking. The child sees the end of its input after `bytes`, or dies before; both end this.
    static func feed(_ bytes: [UInt8], into writer: SharedDescriptor) throws(SystemError) {
        let done = Mutex(0)
        try EventLoop.shared.watch(writer, for: .writable) { watch, _ in
            done.withLock { done in
                while done < bytes.count {
                    let count = bytes.withUnsafeBytes {
                        let rest = UnsafeRawBufferPointer(rebasing: $0[done...])
                        return write(writer.rawValue, rest.baseAddress, rest.count)
                    }
                    if count < 0, Glibc.errno == EINTR { continue }
                    if count < 0, Glibc.errno == EAGAIN { return }
                    guard count > 0 else { break }
                    done += count
                }
                watch.cancel()
            }
        }
    }
}
