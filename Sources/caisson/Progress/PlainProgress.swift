import Build
import Dockerfile
import Linux
import Synchronization

/// Events as lines of text, in the form people know from other builders: every line carries its step's number, so that
/// steps that run side by side can be told apart and logs can be searched.
final class PlainProgress: Sendable {
    private struct Running {
        let started = ContinuousClock.now
        var lines = LineSplitter()

        var age: Duration { ContinuousClock.now - started }
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
            running.withLock { $0[step.number] = Running() }
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
            let lines = running[step.number, default: Running()].lines.add(bytes)
            return (lines, running[step.number]?.age ?? .zero)
        }
        write(lines, age, step)
    }

    private func flush(_ step: Step) {
        guard let last = running.withLock({ $0.removeValue(forKey: step.number) }) else { return }
        write(last.lines.rest.isEmpty ? [] : [last.lines.rest[...]], last.age, step)
    }

    private func write(_ lines: [ArraySlice<UInt8>], _ age: Duration, _ step: Step) {
        let prefix = Array("#\(step.number) \(Self.seconds(age)) ".utf8)
        var text: [UInt8] = []
        for line in lines {
            text += prefix
            text += line
            text.append(UInt8(ascii: "\n"))
        }
        if !text.isEmpty { StandardError.write(text) }
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
