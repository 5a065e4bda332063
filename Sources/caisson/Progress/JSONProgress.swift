import Build
import Dockerfile
import Linux
import OCI

/// Events as JSON lines on stderr, stdout stays free for results:
/// `{"time","event":"step-started|step-output|step-finished|step-failed|warning|transfer|planned","step":{…},…}`.
struct JSONProgress: Sendable {
    func report(_ event: BuildEvent) {
        let body: JSONObject
        switch event {
        case .planned(let steps): body = ["event": "planned", "steps": .array(steps.map(\.json))]
        case .stepStarted(let step): body = ["event": "step-started", "step": step.json]
        case .stepOutput(let step, let channel, let bytes):
            body = [
                "event": "step-output", "step": step.json, "stream": .string(channel.rawValue),
                "text": .string(String(decoding: bytes, as: UTF8.self)),
            ]
        case .stepFinished(let step, let outcome):
            body = [
                "event": "step-finished", "step": step.json, "cached": .bool(outcome.isCached),
                "reason": .string(outcome.reason), "digest": outcome.layer.map { .string($0.description) },
                "milliseconds": .integer(Int64(outcome.duration / .milliseconds(1))),
            ]
        case .stepFailed(let step, let message):
            body = ["event": "step-failed", "step": step.json, "message": .string(message)]
        case .warning(let diagnostic):
            body = [
                "event": "warning", "message": .string(diagnostic.message), "rule": diagnostic.rule.map(JSON.string),
                "line": diagnostic.range.map { .integer(Int64($0.firstLine)) },
            ]
        case .transfer(let transfer):
            body = [
                "event": "transfer", "phase": .string(transfer.phase.rawValue), "name": .string(transfer.name),
                "completed": .integer(transfer.completed), "total": transfer.total.map(JSON.integer),
                "finished": .bool(transfer.isFinished),
            ]
        }
        var line = body
        line["time"] = .string(RFC3339.text(WallClock.seconds()))
        StandardError.write(JSON.object(line).lineText + "\n")
    }
}

extension Step {
    var json: JSON {
        [
            "id": .integer(Int64(number)), "stage": .string(stage), "index": .integer(Int64(index)),
            "count": .integer(Int64(count)), "instruction": .string(title), "line": .integer(Int64(range.firstLine)),
        ]
    }
}
