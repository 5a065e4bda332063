import Synchronization

/// One exchange in flight: what libcurl's callbacks deliver on the transfer thread, and who waits for it elsewhere.
package final class HTTPTransfer: Sendable {
    /// So many body bytes wait for their reader before the connection is paused.
    static let highWater = 512 << 10

    package struct Head: Sendable {
        package let status: Int
        package let headers: HTTPHeaders
    }

    let request: HTTPRequest
    private let state: Mutex<State>

    fileprivate struct State {
        var head = HeadParser()
        var upload: Upload
        var body: [UInt8] = []
        var isPaused = false
        /// Where the answer came from: the peer's address as text, once connected.
        var peer: String?
        /// Why a callback made libcurl stop, more exact than libcurl's own error.
        var failure: (any Error)?
        var outcome: Result<Void, any Error>?
        var headWaiter: CheckedContinuation<Head, any Error>?
        var bodyWaiter: CheckedContinuation<([UInt8]?, Bool), any Error>?
    }

    package init(_ request: HTTPRequest) throws(HTTPError) {
        self.request = request
        state = Mutex(State(upload: try Upload(request)))
    }

    // MARK: The reader's side

    /// Waits for the head of the response; called once. What broke off behind the head is the reader of the body's to
    /// learn, even if all of it happened before this call.
    package func waitForHead() async throws -> Head {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                if let head = state.head.finished {
                    continuation.resume(returning: head)
                } else if let outcome = state.outcome, case .failure(let error) = outcome {
                    continuation.resume(throwing: error)
                } else {
                    state.headWaiter = continuation
                }
            }
        }
    }

    /// Everything that has arrived, nil at the end; and whether the connection waits for that to be taken.
    package func takeChunk() async throws -> ([UInt8]?, Bool) {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                precondition(state.bodyWaiter == nil, "a body has one consumer")
                if !state.body.isEmpty {
                    continuation.resume(returning: state.takeBody())
                } else if let outcome = state.outcome {
                    continuation.resume(with: outcome.map { (nil, false) })
                } else {
                    state.bodyWaiter = continuation
                }
            }
        }
    }

    var isFinished: Bool { state.withLock { $0.outcome != nil } }

    /// The address the response came from.
    package var peer: String? { state.withLock { $0.peer } }

    // MARK: The transfer thread's side

    /// A piece of a header line, as libcurl delivers it: whole lines. False stops the transfer.
    package func receive(header: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            guard let problem = state.head.add(header) else { return true }
            state.failure = HTTPError(.invalidResponse, "`\(request.url)` answers with \(problem)")
            return false
        }
    }

    package enum BodyAction {
        case taken
        case pause
    }

    package func receive(body: UnsafeRawBufferPointer) -> BodyAction {
        state.withLock { state in
            if state.body.count >= Self.highWater {
                state.isPaused = true
                return .pause
            }
            if state.body.isEmpty { state.body.reserveCapacity(state.bodyWaiter == nil ? body.count : Self.highWater) }
            state.body.append(contentsOf: body)
            return .taken
        }
    }

    func fillUpload(_ buffer: UnsafeMutableRawBufferPointer) -> Upload.Filled {
        let (filled, sent) = state.withLock { state in
            let filled = state.upload.fill(buffer)
            if case .failed(let error) = filled { state.failure = error }
            return (filled, state.upload.sent)
        }
        if case .bytes = filled { request.onUpload?(sent) }
        return filled
    }

    var uploadShape: (hasBody: Bool, length: Int64?) { state.withLock { ($0.upload.hasBody, $0.upload.length) } }

    func rewindUpload(to offset: Int64) -> Bool { state.withLock { $0.upload.rewind(to: offset) } }

    func abort(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

    /// Hands what has arrived to whoever waits; called after each turn of the loop rather than in every callback, so
    /// that chunks are large.
    package func deliver(peer: () -> String?) {
        state.withLock { state in
            if let head = state.head.finished {
                if state.peer == nil { state.peer = peer() }
                state.headWaiter?.resume(returning: head)
                state.headWaiter = nil
            }
            if let waiter = state.bodyWaiter, !state.body.isEmpty {
                state.bodyWaiter = nil
                waiter.resume(returning: state.takeBody())
            }
        }
    }

    /// The end, after the last `deliver`: everything later is answered from what is kept.
    package func finish(_ error: (any Error)?) {
        state.withLock { state in
            guard state.outcome == nil else { return }
            var error = error.map { state.failure ?? $0 }
            if error == nil, state.head.finished == nil {
                error = HTTPError(.truncated, "\(request.url) closed the connection without a response")
            }
            state.outcome = error.map { .failure($0) } ?? .success(())
            state.upload.close(throwing: error ?? CancellationError())
            if let waiter = state.headWaiter {
                state.headWaiter = nil
                waiter.resume(throwing: error ?? CancellationError())
            }
            if let waiter = state.bodyWaiter {
                state.bodyWaiter = nil
                if let error { waiter.resume(throwing: error) } else { waiter.resume(returning: (nil, false)) }
            }
        }
    }

    // MARK: The streaming sender's side

    /// Waits until the chunk before has gone, then offers `chunk` (nil ends the body). True if the connection waits.
    func offer(_ chunk: [UInt8]?) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { $0.upload.offer(chunk, continuation) }
        }
    }
}

extension HTTPTransfer.State {
    fileprivate mutating func takeBody() -> ([UInt8]?, Bool) {
        defer {
            body = []
            isPaused = false
        }
        return (body, isPaused)
    }
}
