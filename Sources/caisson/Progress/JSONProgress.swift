import Build
import Dockerfile
import Linux
import OCI
import Synchronization

/// Events as JSON lines on stderr, stdout stays free for results:
/// `{"time","event":"step-started|step-output|step-finished|step-failed|warning|transfer|planned|error","step":{…},…}`.
/// JSON is UTF-8: where output is none, U+FFFD stands. Plain progress has every byte.
final class JSONProgress: ProgressView {
    private struct Stream: Hashable {
        let step: Int
        let channel: OutputChannel
    }

    private struct Output {
        let step: Step
        var decoder = UTF8Decoder()
    }

    private let outputs = Mutex<[Stream: Output]>([:])

    func report(_ event: BuildEvent) {
        outputs.withLock { outputs in
            switch event {
            case .stepOutput(let step, let channel, let bytes):
                let stream = Stream(step: step.number, channel: channel)
                write(outputs[stream, default: Output(step: step)].decoder.decode(bytes), of: step, on: channel)
            case .stepFinished(let step, _), .stepFailed(let step, _):
                flush(&outputs) { $0 == step.number }
                write(event)
            default: write(event)
            }
        }
    }

    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async {
        outputs.withLock { flush(&$0) { _ in true } }
    }

    private func flush(_ outputs: inout [Stream: Output], _ isEnded: (Int) -> Bool) {
        for (stream, var output) in outputs where isEnded(stream.step) {
            write(output.decoder.finish(), of: output.step, on: stream.channel)
            outputs[stream] = nil
        }
    }

    private func write(_ text: String, of step: Step, on channel: OutputChannel) {
        guard !text.isEmpty else { return }
        write([
            "event": "step-output", "step": step.json, "stream": .string(channel.rawValue), "text": .string(text),
        ])
    }

    private func write(_ event: BuildEvent) {
        switch event {
        case .planned(let steps): write(["event": "planned", "steps": .array(steps.map(\.json))])
        case .stepStarted(let step): write(["event": "step-started", "step": step.json])
        case .stepOutput: break
        case .stepFinished(let step, let outcome):
            var event = outcome.json
            event["event"] = "step-finished"
            event["step"] = step.json
            write(event)
        case .stepFailed(let step, let message):
            write(["event": "step-failed", "step": step.json, "message": .string(message)])
        case .warning(let diagnostic):
            write([
                "event": "warning", "message": .string(diagnostic.message), "rule": diagnostic.rule.map(JSON.string),
                "line": diagnostic.range.map { .integer(Int64($0.firstLine)) },
                "column": diagnostic.range.map { .integer(Int64($0.start.column)) },
                "hint": diagnostic.hint.map(JSON.string),
            ])
        case .transfer(let transfer):
            write([
                "event": "transfer", "phase": .string(transfer.phase.rawValue), "name": .string(transfer.name),
                "completed": .integer(transfer.completed), "total": transfer.total.map(JSON.integer),
                "finished": .bool(transfer.isFinished),
            ])
        }
    }

    private func write(_ body: JSONObject) { Self.write(body) }

    /// One line.
    static func write(_ body: JSONObject) {
        var line = body
        line["time"] = .string(RFC3339.text(WallClock.seconds()))
        StandardError.write(JSON.object(line).lineText + "\n")
    }
}

extension StepOutcome {
    var json: JSONObject {
        [
            "cached": .bool(isCached), "reason": .string(reason), "digest": layer.map { .string($0.description) },
            "size": size.map(JSON.integer), "milliseconds": .integer(Int64(duration / .milliseconds(1))),
        ]
    }
}

extension Step {
    var json: JSON {
        [
            "id": .integer(Int64(number)), "stage": .string(stage), "index": .integer(Int64(index)),
            "count": .integer(Int64(count)), "platform": platform.map { .string($0.description) },
            "instruction": .string(title), "line": .integer(Int64(range.firstLine)),
        ]
    }
}
