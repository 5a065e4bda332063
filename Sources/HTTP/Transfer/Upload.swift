internal import Linux
import SystemPackage

/// The body of a request on its way to libcurl, which asks for it piece by piece on the transfer thread.
struct Upload: Sendable {
    enum Filled {
        /// So many bytes were written; 0 at the end.
        case bytes(Int)
        /// The producer of a stream has nothing yet.
        case pause
        case failed(any Error)
    }

    /// nil: no body, or a length that is not known.
    let length: Int64?
    let hasBody: Bool
    /// Bytes handed over so far.
    private(set) var sent: Int64 = 0

    private enum Source {
        case none
        case bytes([UInt8])
        case file(File, offset: Int64)
        case stream(Stream)
    }

    fileprivate struct Stream {
        var chunk: [UInt8] = []
        var position = 0
        var isFinished = false
        var isPaused = false
        var failure: (any Error)?
        var producer: (chunk: [UInt8]?, waiter: CheckedContinuation<Bool, any Error>)?
    }

    private var source: Source

    init(_ request: HTTPRequest) throws(HTTPError) {
        switch request.body {
        case .none:
            source = .none
            length = nil
        case .bytes(let bytes):
            source = .bytes(bytes)
            length = Int64(bytes.count)
        case .file(let path, let offset, let count):
            do {
                source = .file(File(try OwnedDescriptor.open(FilePath(path))), offset: offset)
            } catch { throw HTTPError(.invalidRequest, "\(error)") }
            length = count
        case .stream(let known, _):
            source = .stream(Stream())
            length = known
        }
        hasBody = if case .none = source { false } else { true }
    }

    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Filled {
        let filled = read(into: buffer)
        if case .bytes(let count) = filled { sent += Int64(count) }
        return filled
    }

    private mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Filled {
        let rest = length.map { Int(clamping: $0 - sent) } ?? buffer.count
        let room = min(rest, buffer.count)
        switch source {
        case .none: return .bytes(0)
        case .bytes(let bytes):
            buffer.copyBytes(from: bytes[Int(sent)..<Int(sent) + room])
            return .bytes(room)
        case .file(let file, let offset):
            guard room > 0 else { return .bytes(0) }
            do {
                let count = try file.descriptor.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]), at: offset + sent)
                return count > 0 ? .bytes(count) : .failed(HTTPError(.invalidRequest, "file shrank while it was sent"))
            } catch { return .failed(error) }
        case .stream(var stream):
            source = .none
            defer { source = .stream(stream) }
            return stream.read(into: buffer)
        }
    }

    /// Whether the body can be sent again from `offset`.
    mutating func rewind(to offset: Int64) -> Bool {
        if case .stream = source { return offset == sent }
        sent = offset
        return true
    }

    mutating func offer(_ chunk: [UInt8]?, _ waiter: CheckedContinuation<Bool, any Error>) {
        guard case .stream(var stream) = source else { return waiter.resume(throwing: CancellationError()) }
        stream.offer(chunk, waiter)
        source = .stream(stream)
    }

    /// Tells a waiting producer that nobody takes its bytes any more.
    mutating func close(throwing error: any Error) {
        guard case .stream(var stream) = source else { return }
        stream.failure = error
        stream.producer?.waiter.resume(throwing: error)
        stream.producer = nil
        source = .stream(stream)
    }
}

extension Upload.Stream {
    fileprivate mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Upload.Filled {
        if position == chunk.count {
            if isFinished { return .bytes(0) }
            guard let next = producer else {
                isPaused = true
                return .pause
            }
            producer = nil
            accept(next.chunk)
            next.waiter.resume(returning: false)
            if isFinished { return .bytes(0) }
        }
        let count = min(buffer.count, chunk.count - position)
        buffer.copyBytes(from: chunk[position..<position + count])
        position += count
        return .bytes(count)
    }

    fileprivate mutating func offer(_ chunk: [UInt8]?, _ waiter: CheckedContinuation<Bool, any Error>) {
        if let failure {
            waiter.resume(throwing: failure)
        } else if position == self.chunk.count {
            accept(chunk)
            waiter.resume(returning: isPaused)
            isPaused = false
        } else {
            precondition(producer == nil, "a body has one producer")
            producer = (chunk, waiter)
        }
    }

    private mutating func accept(_ chunk: [UInt8]?) {
        self.chunk = chunk ?? []
        position = 0
        isFinished = chunk == nil
    }
}

/// Lets copies of the upload's state share one open file.
private final class File: Sendable {
    let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}
