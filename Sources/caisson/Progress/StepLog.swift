import Build
import OCI
import Synchronization

/// What became of a build's steps, for the documents that tell of it afterwards.
final class StepLog: Sendable {
    struct Entry {
        let step: Step
        let outcome: StepOutcome
    }

    private let finished = Mutex<[Entry]>([])
    private let begin = ContinuousClock.now

    func receive(_ event: BuildEvent) {
        guard case .stepFinished(let step, let outcome) = event else { return }
        finished.withLock { $0.append(Entry(step: step, outcome: outcome)) }
    }

    /// In the order of the file.
    var entries: [Entry] { finished.withLock { $0 }.sorted { $0.step.number < $1.step.number } }

    /// The steps as progress in JSON has them, how many of them the cache answered, and how long all took until now.
    var json: JSONObject {
        let entries = entries
        return [
            "steps": .array(
                entries.map { entry in
                    var step = entry.outcome.json
                    step["step"] = entry.step.json
                    return .object(step)
                }),
            "cached": .integer(Int64(entries.count { $0.outcome.isCached })),
            "milliseconds": .integer(Int64((ContinuousClock.now - begin) / .milliseconds(1))),
        ]
    }
}
