import Build
package import Linux

extension BuildView {
    /// What runs at `time`, in fewer lines than the window has rows, each shorter than the window is wide: the last
    /// column and the last row are left to the cursor.
    package func frame(at time: Duration, size: TerminalSize) -> [ScreenLine] {
        let columns = size.columns - 1
        var room = size.rows - 1
        guard room > 0, columns > 0 else { return [] }
        var lines: [ScreenLine] = []
        if counts.planned > 0 {
            lines.append(header(at: time, columns: columns))
            room -= 1
        }
        let running = steps.count + transfers.count
        // One row of a full window says what is left out.
        let shown = running <= room ? running : max(0, room - 1)
        let shownSteps = steps.prefix(shown)
        let labels = labelColumns(shownSteps, columns: columns)
        lines += shownSteps.map { $0.line(at: time, labels: labels, columns: columns) }
        lines += transfers.prefix(shown - shownSteps.count).map { $0.line(at: time, columns: columns) }
        if shown < running, room > 0 {
            lines.append(ScreenLine(" + \(running - shown) more running", .faint).fitted(to: columns))
        }
        return lines
    }

    private func header(at time: Duration, columns: Int) -> ScreenLine {
        let total = max(counts.planned, counts.ended + steps.count)
        var line = ScreenLine("Building ", .strong)
        line.add("\(counts.ended) of \(total) steps")
        if counts.cached > 0 { line.add(", \(counts.cached) cached") }
        if !steps.isEmpty { line.add(", \(steps.count) running") }
        if counts.failed > 0 { line.add(", \(counts.failed) failed", .bad) }
        return line.ending(with: ScreenLine(Clock.text(time)), columns: columns)
    }

    /// Outputs stand below each other, behind the longest label or in the right half.
    private func labelColumns(_ steps: ArraySlice<RunningStep>, columns: Int) -> Int {
        guard steps.contains(where: { $0.output.count > 0 }) else { return columns }
        let longest = steps.map { DisplayWidth.of(PrintableText($0.step.label).text) + 1 }.max() ?? 0
        return min(longest, columns / 2)
    }
}

extension BuildView.RunningStep {
    fileprivate func line(at time: Duration, labels: Int, columns: Int) -> ScreenLine {
        var line = ScreenLine(" " + step.label).fitted(to: labels)
        if let last = output.lastLine {
            line.pad(to: labels)
            line.add("  ")
            line.add(last.text, .faint)
        }
        return line.ending(with: ScreenLine(Clock.text(time - started)), columns: columns)
    }
}

extension BuildView.RunningTransfer {
    fileprivate func line(at time: Duration, columns: Int) -> ScreenLine {
        var line = ScreenLine(" \(transfer.phase.rawValue) \(transfer.name)  ")
        line.add(ByteCount.text(transfer.completed))
        if let total = transfer.total { line.add(" of \(ByteCount.text(total))") }
        let age = time - started
        if age >= .seconds(1), transfer.completed > initial {
            let rate = Double(transfer.completed - initial) / (age / .seconds(1))
            line.add(", \(ByteCount.text(Int64(rate)))/s")
        }
        return line.ending(with: ScreenLine(Clock.text(age)), columns: columns)
    }
}

/// Durations for people: tenths of a second while they matter.
enum Clock {
    static func text(_ duration: Duration) -> String {
        let tenths = Int64(max(duration, .zero) / .milliseconds(100))
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10)s" }
        let seconds = tenths / 10
        if seconds < 3600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
        return "\(seconds / 3600)h\(twoDigits(seconds / 60 % 60))m"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
