internal import CLinux
import Glibc
import Synchronization

/// One thread that waits for descriptors and calls their handlers, one after the other.
///
/// A handler that blocks delays the others of the same loop and nothing else: whoever lets slow code into handlers
/// makes a loop of its own. The thread ends when the last reference to the loop is gone.
package final class EventLoop: Sendable {
    /// What a watched descriptor is ready for.
    package struct Readiness: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Readiness(rawValue: 0x001)
        package static let writable = Readiness(rawValue: 0x004)
        /// Reported without being asked for.
        package static let failed = Readiness(rawValue: 0x008)
    }

    /// For handlers that never block: child processes, timers.
    package static let shared = EventLoop(label: "events")

    private let watches: EventWatches

    /// `label` names the thread; the kernel keeps 15 bytes.
    package init(label: String) {
        watches = EventWatches()
        var thread = pthread_t()
        let start = Unmanaged.passRetained(EventLoopStart(watches: watches, label: label))
        let status = pthread_create(&thread, nil, runEventLoop, start.toOpaque())
        precondition(status == 0, "cannot create a thread: \(status)")
        pthread_detach(thread)
    }

    deinit { watches.close() }

    /// Calls `handler` on the loop's thread whenever `descriptor` is ready, until the watch is cancelled. The loop keeps
    /// the descriptor open so long.
    @discardableResult
    package func watch(
        _ descriptor: SharedDescriptor, for readiness: Readiness = .readable,
        handler: @escaping @Sendable (EventWatch, Readiness) -> Void
    ) throws(SystemError) -> EventWatch {
        try watches.add(descriptor, readiness, handler)
    }

    /// Calls `handler` once after `duration` unless the watch is cancelled before.
    @discardableResult
    package func after(_ duration: Duration, handler: @escaping @Sendable () -> Void) throws(SystemError) -> EventWatch
    {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        let timer = OwnedDescriptor(adopting: try check("create a timer") { caisson_timer(nanoseconds) })
        return try watch(SharedDescriptor(timer)) { watch, _ in
            watch.cancel()
            handler()
        }
    }
}

/// A descriptor an event loop waits for.
package struct EventWatch: Sendable {
    fileprivate let watches: EventWatches
    fileprivate let token: UInt64

    /// Ends the watch and gives the descriptor up. On the loop's own thread the handler is not called again; elsewhere
    /// it may be running now.
    package func cancel() { watches.remove(token) }
}

private final class EventWatches: Sendable {
    struct Entry {
        let descriptor: SharedDescriptor
        let handler: @Sendable (EventWatch, EventLoop.Readiness) -> Void
    }

    struct State {
        var entries: [UInt64: Entry] = [:]
        var nextToken: UInt64 = 1
        var isClosed = false
    }

    static let wakeToken: UInt64 = 0

    private let state = Mutex(State())
    private let epoll: OwnedDescriptor
    private let wake: OwnedDescriptor

    init() {
        epoll = OwnedDescriptor(adopting: caisson_epoll_create())
        wake = OwnedDescriptor(adopting: caisson_event())
        let status = caisson_epoll_add(
            epoll.rawValue, wake.rawValue, EventLoop.Readiness.readable.rawValue, Self.wakeToken)
        precondition(status == 0, "cannot create an event loop: \(Glibc.errno)")
    }

    func add(
        _ descriptor: SharedDescriptor, _ readiness: EventLoop.Readiness,
        _ handler: @escaping @Sendable (EventWatch, EventLoop.Readiness) -> Void
    ) throws(SystemError) -> EventWatch {
        let token = state.withLock { state in
            let token = state.nextToken
            state.nextToken += 1
            state.entries[token] = Entry(descriptor: descriptor, handler: handler)
            return token
        }
        do {
            try check("watch a descriptor") {
                caisson_epoll_add(epoll.rawValue, descriptor.rawValue, readiness.rawValue, token)
            }
        } catch {
            _ = state.withLock { $0.entries.removeValue(forKey: token) }
            throw error
        }
        return EventWatch(watches: self, token: token)
    }

    func remove(_ token: UInt64) {
        // The descriptor closes here, after it left the set: a closed number may be another file at once.
        let entry = state.withLock { $0.entries.removeValue(forKey: token) }
        if let entry { _ = caisson_epoll_remove(epoll.rawValue, entry.descriptor.rawValue) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        _ = caisson_event_signal(wake.rawValue)
    }

    func run() {
        var tokens = [UInt64](repeating: 0, count: 64)
        var events = [UInt32](repeating: 0, count: 64)
        while true {
            let count = caisson_epoll_wait(epoll.rawValue, &tokens, &events, 64)
            guard count > 0 else {
                precondition(count == 0 || Glibc.errno == EINTR, "cannot wait for events: \(Glibc.errno)")
                continue
            }
            for index in 0..<Int(count) where tokens[index] != Self.wakeToken {
                let token = tokens[index]
                guard let entry = state.withLock({ $0.entries[token] }) else { continue }
                entry.handler(EventWatch(watches: self, token: token), EventLoop.Readiness(rawValue: events[index]))
            }
            if state.withLock({ $0.isClosed }) { break }
        }
        // Handlers may own what watches this loop: dropping them breaks the cycle.
        let entries = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries
        }
        withExtendedLifetime(entries) {}
    }
}

private final class EventLoopStart {
    let watches: EventWatches
    let label: String

    init(watches: EventWatches, label: String) {
        self.watches = watches
        self.label = label
    }
}

private func runEventLoop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<EventLoopStart>.fromOpaque(argument).takeRetainedValue()
    caisson_name_thread(start.label)
    // A handler that writes to a pipe without a reader wants EPIPE; the signal, sent to this thread, stays pending.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    start.watches.run()
    return nil
}
