import Build
import Dockerfile
import Linux
import Synchronization

/// Events as lines of text, in the form people know from other builders: every line carries its step's number, so that
/// steps that run side by side can be told apart and logs can be searched.
final class PlainProgress: Sendable {
    private struct Running {
        var started: ContinuousClock.Instant
        /// Output without a line end yet.
        var partial: [UInt8] = []
    }

    /// Of a longer one, parts are shown as lines of their own.
    private static let longestLine = 64 << 10

    private let running = Mutex<[Int: Running]>([:])
    /// The Dockerfile that warnings are about.
    private let source: SourceText?

    init(source: SourceText?) { self.source = source }

    func report(_ event: BuildEvent) {
        switch event {
        case .planned: break
        case .stepStarted(let step):
            running.withLock { $0[step.number] = Running(started: .now) }
            write(step, "[\(step.stageTitle) \(step.index)/\(step.count)] \(step.title)")
        case .stepOutput(let step, _, let bytes): output(bytes, of: step)
        case .stepFinished(let step, let outcome):
            flush(step)
            write(step, outcome.isCached ? "CACHED" : "DONE \(Self.seconds(outcome.duration))")
        case .stepFailed(let step, let message):
            flush(step)
            write(step, "ERROR: \(message)")
        case .warning(let diagnostic):
            let text = source.map { diagnostic.summary(in: $0) } ?? "warning: \(diagnostic.message)"
            StandardError.write(text + "\n")
        case .transfer(let transfer): report(transfer)
        }
    }

    private func report(_ transfer: Transfer) {
        guard transfer.isFinished else { return }
        StandardError.write("\(transfer.phase.rawValue) \(transfer.name) \(ByteCount.text(transfer.completed))\n")
    }

    private func write(_ step: Step, _ text: String) { StandardError.write("#\(step.number) \(text)\n") }

    private func output(_ bytes: [UInt8], of step: Step) {
        let (lines, age) = running.withLock { running in
            var state = running[step.number] ?? Running(started: .now)
            var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
            let last = pieces.removeLast()
            if pieces.isEmpty {
                state.partial += last
            } else {
                pieces[0] = state.partial + pieces[0]
                state.partial = last
            }
            if state.partial.count > Self.longestLine {
                pieces.append(state.partial)
                state.partial = []
            }
            running[step.number] = state
            return (pieces, ContinuousClock.now - state.started)
        }
        for line in lines { writeLine(line, age, step) }
    }

    private func flush(_ step: Step) {
        let rest = running.withLock { $0.removeValue(forKey: step.number) }
        guard let rest, !rest.partial.isEmpty else { return }
        writeLine(rest.partial, ContinuousClock.now - rest.started, step)
    }

    private func writeLine(_ line: [UInt8], _ age: Duration, _ step: Step) {
        StandardError.write(Array("#\(step.number) \(Self.seconds(age)) ".utf8) + line + [UInt8(ascii: "\n")])
    }

    static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}

/// Sizes for people, in steps of 1024.
enum ByteCount {
    static func text(_ bytes: Int64) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1024 || unit == "GiB" {
                let tenths = Int64((value * 10).rounded())
                return unit == "B" ? "\(bytes) B" : "\(tenths / 10).\(tenths % 10) \(unit)"
            }
            value /= 1024
        }
        return "\(bytes) B"
    }
}

extension Step {
    /// A stage without a name is called by its number, as other builders do.
    fileprivate var stageTitle: String { Int(stage) == nil ? stage : "stage-\(stage)" }
}
