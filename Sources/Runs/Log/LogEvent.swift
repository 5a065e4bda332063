// A run's log is two files that only grow:
//
//     logs/<run>/output         the text, every byte a step wrote and the agent's own lines, in the order of arrival
//     logs/<run>/events.jsonl   what the text is made of, one JSON object a line
//
// An event that speaks of bytes of `output` is written after them, so that after a crash there may be text without an
// event, never an event without its text. A half line at the end of `events.jsonl` was being written in a crash.

/// One line of `events.jsonl`.
struct LogEvent: Codable, Sendable {
    enum Kind: String, Codable, Sendable {
        case attemptStarted = "attempt-started"
        case attemptFinished = "attempt-finished"
        case stepStarted = "step-started"
        case stepOutput = "step-output"
        case stepFinished = "step-finished"
    }

    /// Milliseconds since 1970.
    let time: Int64
    let event: Kind
    var attempt: Int?
    /// The step's number within the run's log, as the text shows it.
    var step: Int?
    var name: String?
    var status: String?
    var cached: Bool?
    var offset: Int64?
    var length: Int64?
}
