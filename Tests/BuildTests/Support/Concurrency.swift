import Synchronization

/// Lets tasks wait for each other.
actor Signal {
    private var isSent = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func send() {
        isSent = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func wait() async {
        if isSent { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func increment() { count.withLock { $0 += 1 } }
}

/// Events in the order they came.
final class Received: Sendable {
    private let list = Mutex<[String]>([])

    var events: [String] { list.withLock { $0 } }

    func receive(_ event: String) { list.withLock { $0.append(event) } }
}
