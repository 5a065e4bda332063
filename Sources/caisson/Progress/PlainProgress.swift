import Build
import Dockerfile
import Linux
import Synchronization

/// Events as lines of text, in the form people know from other builders: every line carries its step's number, so that
/// steps that run side by side can be told apart and logs can be searched.
///
/// A file or pipe gets what steps write byte by byte, a terminal gets it without what would control it.
final class PlainProgress: ProgressView {
    private struct Running {
        let step: Step
        let started = ContinuousClock.now
        var lines = LineSplitter()

        var age: Duration { ContinuousClock.now - started }
    }

    /// Held while an event is written: pushes report from several places.
    private let running = Mutex<[Int: Running]>([:])
    /// The Dockerfile that warnings are about.
    private let source: SourceText?

    private let isHarmless: Bool

    /// `isHarmless` if lines go to a terminal.
    init(source: SourceText?, isHarmless: Bool = StandardError.isTerminal) {
        self.source = source
        self.isHarmless = isHarmless
    }

    func report(_ event: BuildEvent) { running.withLock { report(event, &$0) } }

    /// Lines that steps began and did not end are output too.
    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async {
        running.withLock { running in
            for number in running.keys.sorted() { flush(number, &running) }
        }
    }

    private func report(_ event: BuildEvent, _ running: inout [Int: Running]) {
        switch event {
        case .planned: break
        case .stepStarted(let step):
            running[step.number] = Running(step: step)
            write(step, step.label)
        case .stepOutput(let step, _, let bytes):
            let lines = running[step.number, default: Running(step: step)].lines.add(bytes)
            write(lines, running[step.number]?.age ?? .zero, step)
        case .stepFinished(let step, let outcome):
            flush(step.number, &running)
            write(step, outcome.isCached ? "CACHED" : "DONE \(Self.seconds(outcome.duration))\(Self.result(outcome))")
        case .stepFailed(let step, let message):
            flush(step.number, &running)
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

    private func write(_ step: Step, _ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            StandardError.write("#\(step.number) \(isHarmless ? PrintableText(line).text : String(line))\n")
        }
    }

    private func flush(_ number: Int, _ running: inout [Int: Running]) {
        guard let last = running.removeValue(forKey: number), !last.lines.rest.isEmpty else { return }
        write([last.lines.rest[...]], last.age, last.step)
    }

    private func write(_ lines: [ArraySlice<UInt8>], _ age: Duration, _ step: Step) {
        let prefix = Array("#\(step.number) \(Self.seconds(age)) ".utf8)
        var text: [UInt8] = []
        for line in lines {
            text += prefix
            text += isHarmless ? Array(PrintableText(line).text.utf8)[...] : line
            text.append(UInt8(ascii: "\n"))
        }
        if !text.isEmpty { StandardError.write(text) }
    }

    /// What a step made, and why it ran.
    private static func result(_ outcome: StepOutcome) -> String {
        (outcome.madeFiles.map { " \(ByteCount.text($0))" } ?? "") + why(outcome)
    }

    /// Why a step ran, where there is something to compare with.
    private static func why(_ outcome: StepOutcome) -> String {
        outcome.reason.isEmpty || outcome.reason.hasPrefix("no record") ? "" : " (\(outcome.reason))"
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
