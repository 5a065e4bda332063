import Build
import Dockerfile
import Synchronization

/// What a build reported.
final class EventLog: Sendable {
    private let events = Mutex<[BuildEvent]>([])

    func receive(_ event: BuildEvent) { events.withLock { $0.append(event) } }

    /// `cached`, `ran` or `failed` and the step's title, in the order the steps ended.
    var outcomes: [String] {
        events.withLock { events in
            events.compactMap { event in
                switch event {
                case .stepFinished(let step, let outcome): "\(outcome.isCached ? "cached" : "ran") \(step.title)"
                case .stepFailed(let step, _): "failed \(step.title)"
                default: nil
                }
            }
        }
    }

    var ran: [String] { outcomes.filter { $0.hasPrefix("ran ") }.map { String($0.dropFirst(4)) } }

    /// Titles in the order the steps started.
    var started: [String] {
        events.withLock { $0.compactMap { if case .stepStarted(let step) = $0 { step.title } else { nil } } }
    }

    /// `line: message`.
    var warnings: [String] {
        events.withLock { events in
            events.compactMap { event in
                guard case .warning(let warning) = event else { return nil }
                return "\(warning.range.map { String($0.firstLine) } ?? "-"): \(warning.message)"
            }
        }
    }

    var output: String {
        events.withLock { events in
            String(
                decoding: events.flatMap { if case .stepOutput(_, _, let bytes) = $0 { bytes } else { [UInt8]() } },
                as: UTF8.self)
        }
    }
}
