internal import CLinux
import Glibc
import Synchronization
import SystemPackage

/// This side of the supervisor's socket: requests go out, answers find who asked.
final class SupervisorConnection: Sendable {
    struct Answer: Sendable {
        var reply: caisson_reply
        var descriptors: [SharedDescriptor]
    }

    /// The end of a step, which comes after the answer to its request.
    final class End: Sendable {
        private struct State {
            var result: Result<Supervisor.StepEnd, any Error>?
            var waiter: CheckedContinuation<Supervisor.StepEnd, any Error>?
        }

        private let state = Mutex(State())

        func value() async throws -> Supervisor.StepEnd {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiter = continuation }
                    return state.result
                }
                if let result { continuation.resume(with: result) }
            }
        }

        func finish(_ result: Result<Supervisor.StepEnd, any Error>) {
            let waiter = state.withLock { state in
                state.result = result
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(with: result)
        }
    }

    private struct State {
        var nextID: UInt64 = 1
        /// Requests nobody has answered; 0 is the greeting.
        var questions: [UInt64: CheckedContinuation<Answer, any Error>] = [:]
        var ends: [UInt64: End] = [:]
        /// A greeting that came before it was waited for.
        var greeting: Result<Answer, any Error>?
        var isClosed = false
        var watch: EventWatch?
    }

    private let socket: SharedDescriptor
    private let state = Mutex(State())

    init(_ socket: SharedDescriptor) { self.socket = socket }

    func listen(on loop: EventLoop) throws(SystemError) {
        let watch = try loop.watch(socket) { [weak self] watch, _ in
            if self?.receive() != true { watch.cancel() }
        }
        state.withLock { $0.watch = watch }
    }

    /// Waits until the supervisor is set up.
    func ready() async throws {
        _ = try await withCheckedThrowingContinuation { continuation in
            let greeting = state.withLock { state in
                if state.greeting == nil { state.questions[0] = continuation }
                return state.greeting
            }
            if let greeting { continuation.resume(with: greeting) }
        }
    }

    /// Sends `request` with `descriptors` and waits for its first answer. `end` receives what comes after it.
    func ask(_ request: caisson_request, _ descriptors: [SharedDescriptor], end: End? = nil) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            var request = request
            let isClosed = state.withLock { state in
                request.id = state.nextID
                state.nextID += 1
                guard !state.isClosed else { return true }
                state.questions[request.id] = continuation
                state.ends[request.id] = end
                return false
            }
            if isClosed { return continuation.resume(throwing: Self.lost) }
            let numbers = descriptors.map { $0.rawValue }
            let size = UInt64(MemoryLayout<caisson_request>.size)
            guard caisson_send(socket.rawValue, &request, size, numbers, CInt(numbers.count), 0) != 0 else { return }
            let error = SystemError("send a request to the supervisor")
            let question = state.withLock { state in
                state.ends[request.id] = nil
                return state.questions.removeValue(forKey: request.id)
            }
            question?.resume(throwing: error)
        }
    }

    /// Ends the connection, and with it the supervisor; whoever waits gets an error.
    func close() { fail(Self.lost) }

    private static let lost = SystemError("reach the sandbox supervisor", errno: .brokenPipe)

    private func receive() -> Bool {
        var reply = caisson_reply()
        var numbers = [CInt](repeating: -1, count: 4)
        var count: CInt = 4
        let size = caisson_receive(socket.rawValue, &reply, UInt64(MemoryLayout<caisson_reply>.size), &numbers, &count)
        let descriptors = numbers[..<Int(count)].map { SharedDescriptor(OwnedDescriptor(adopting: $0)) }
        guard size == MemoryLayout<caisson_reply>.size else {
            fail(Self.lost)
            return false
        }
        switch caisson_reply_kind(reply.kind) {
        case caisson_reply_exited:
            let status: ExitStatus = reply.code == CInt(CLD_EXITED) ? .exited(reply.status) : .signalled(reply.status)
            let end = Supervisor.StepEnd(
                status: status, processorTime: .microseconds(Int64(reply.processor_microseconds)))
            state.withLock { $0.ends.removeValue(forKey: reply.id) }?.finish(.success(end))
        case caisson_reply_failed:
            let operation = withUnsafeBytes(of: &reply.message) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            answer(reply.id, .failure(SystemError(operation, errno: Errno(rawValue: reply.error))))
        default:
            answer(reply.id, .success(Answer(reply: reply, descriptors: descriptors)))
        }
        return true
    }

    private func answer(_ id: UInt64, _ result: Result<Answer, any Error>) {
        let question = state.withLock { state in
            if case .failure = result { state.ends[id] = nil }
            if id == 0, state.questions[0] == nil { state.greeting = result }
            return state.questions.removeValue(forKey: id)
        }
        question?.resume(with: result)
    }

    private func fail(_ error: SystemError) {
        let (questions, ends, watch) = state.withLock { state in
            state.isClosed = true
            if state.greeting == nil { state.greeting = .failure(error) }
            defer {
                state.questions = [:]
                state.ends = [:]
                state.watch = nil
            }
            return (state.questions.values, state.ends.values, state.watch)
        }
        watch?.cancel()
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
        for question in questions { question.resume(throwing: error) }
        for end in ends { end.finish(.failure(error)) }
    }
}
