import UnixSignals

package enum StopSignals {
    /// SIGTERM and SIGINT from now on; they no longer end the process by themselves.
    package static func trap() async -> AsyncStream<Void> {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return AsyncStream { continuation in
            let task = Task {
                for await _ in signals { continuation.yield() }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
