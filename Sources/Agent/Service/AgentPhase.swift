import Synchronization

/// What the agent is about, for those who ask.
package final class AgentPhase: Sendable {
    package enum Name: String, Sendable {
        case running
        /// Takes no more runs and waits for those that run.
        case stopping
    }

    private let value = Mutex(Name.running)

    package init() {}

    package var name: Name { value.withLock { $0 } }
    func stop() { value.withLock { $0 = .stopping } }
}
