import Build
import Dockerfile
import Runs

/// Carries a build's events to the run's log, in order, without making the build wait for the disk.
enum StepJournal {
    /// Returns what `body` returns once everything it reported is in the log.
    static func recording<Result: Sendable>(
        to reporter: RunReporter, _ body: (@escaping EventSink) async throws -> Result
    ) async throws -> Result {
        let (events, sink) = AsyncStream<BuildEvent>.makeStream()
        async let recorded: Void = record(events, to: reporter)
        let result: Result
        do {
            result = try await body { sink.yield($0) }
        } catch {
            sink.finish()
            // The error of the build is the one to tell.
            try? await recorded
            throw error
        }
        sink.finish()
        try await recorded
        return result
    }

    private static func record(_ events: AsyncStream<BuildEvent>, to reporter: RunReporter) async throws {
        var started: [Int: Timestamp] = [:]
        for await event in events {
            switch event {
            case .planned: break
            case .stepStarted(let step):
                started[step.number] = .now
                try await reporter.started(id(step), name: name(step))
            case .stepOutput(let step, _, let bytes): try await reporter.output(bytes, of: id(step))
            case .stepFinished(let step, let outcome):
                try await reporter.finished(
                    StepRecord(
                        id: id(step), name: name(step), status: .succeeded, isCached: outcome.isCached,
                        startedAt: started[step.number] ?? .now, duration: outcome.duration))
            case .stepFailed(let step, let message):
                try await reporter.note("\(name(step)): \(message)")
                let end = Timestamp.now
                let start = started[step.number] ?? end
                try await reporter.finished(
                    StepRecord(
                        id: id(step), name: name(step), status: .failed, startedAt: start, duration: end - start))
            case .warning(let diagnostic): try await reporter.note("warning: \(diagnostic.message)")
            case .transfer(let transfer):
                if transfer.isFinished { try await reporter.note("\(transfer.phase.rawValue) \(transfer.name)") }
            }
        }
    }

    private static func id(_ step: Step) -> String { String(step.number) }

    private static func name(_ step: Step) -> String { "[\(step.stage) \(step.index)/\(step.count)] \(step.title)" }
}
