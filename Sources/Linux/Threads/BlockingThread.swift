internal import CLinux
import Glibc

/// One thread that runs work in order: where blocking C calls belong, so that none ever holds a thread of the
/// concurrency pool. An actor makes it its executor through `unownedExecutor`; other code calls `run`.
///
/// The thread ends when the last reference is gone and the queue is empty.
package final class BlockingThread: SerialExecutor {
    private let queue = WorkQueue()

    /// `label` names the thread for debuggers; the kernel keeps 15 bytes.
    package init(label: String) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(ThreadStart(queue: queue, label: label))
        let status = pthread_create(&thread, nil, runThread, start.toOpaque())
        precondition(status == 0, "cannot create a thread: \(status)")
        pthread_detach(thread)
    }

    deinit { queue.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.push { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Runs `body` on the thread and returns its result. Not cancelled: blocking calls bound their own time.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.push { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}

private final class ThreadStart {
    let queue: WorkQueue
    let label: String

    init(queue: WorkQueue, label: String) {
        self.queue = queue
        self.label = label
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    caisson_name_thread(start.label)
    while let work = start.queue.take() {
        for item in work { item() }
    }
    return nil
}

/// What waits for a thread. It outlives its executor by the time the thread needs to drain it.
private final class WorkQueue: @unchecked Sendable {
    // Sendable: every access to `work` and `isClosed` holds `mutex`.
    private var work: [@Sendable () -> Void] = []
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func push(_ item: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        work.append(item)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// All waiting work in order; nil once closed and empty.
    func take() -> [@Sendable () -> Void]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while work.isEmpty, !isClosed { pthread_cond_wait(condition, mutex) }
        if work.isEmpty { return nil }
        defer { work = [] }
        return work
    }
}
