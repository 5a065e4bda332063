internal import CLinux
import Glibc
import Synchronization

/// SIGINT and SIGTERM: somebody wants this process to end.
package enum StopRequest {
    /// Calls `handler` for every request with its number, from 1; requests no longer end the process by themselves. For
    /// one call in a process, by its executable.
    package static func handle(_ handler: @escaping @Sendable (_ number: Int) -> Void) throws(SystemError) {
        let event = SharedDescriptor(OwnedDescriptor(adopting: caisson_stop_event()))
        let requests = RequestCount()
        try EventLoop.shared.watch(event) { _, _ in
            var signals: UInt64 = 0
            guard read(event.rawValue, &signals, MemoryLayout.size(ofValue: signals)) > 0 else { return }
            handler(requests.next())
        }
    }
}

private final class RequestCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
