import Build
import OCI

/// Something of a build that stays on the terminal.
enum Notice: Sendable {
    case finished(Step, size: Int64?, duration: Duration)
    /// Steps that were cached one after the other.
    case cached([Step])
    case failed(Step, message: String, OutputTail, duration: Duration)
    /// A step that another one's failure or the user ended.
    case stopped(Step, duration: Duration)
    case transferred(Transfer, duration: Duration)
    /// A line of text, shown whole.
    case text(String)
    case summary(BuildView.Ending, BuildView.Counts, [BuiltImage], duration: Duration)

    /// More cached steps than these take one line together.
    private static let mostCachedLines = 3

    func lines(columns: Int) -> [ScreenLine] {
        switch self {
        case .finished(let step, let size, let duration):
            [Self.line("done", .good, step.label, duration, size: size, columns)]
        case .cached(let steps) where steps.count <= Self.mostCachedLines:
            steps.map { Self.line("cached", .faint, $0.label, nil, columns) }
        case .cached(let steps):
            [Self.line("cached", .faint, "\(steps.count) steps: \(Self.ranges(of: steps))", nil, columns)]
        case .failed(let step, let message, let output, let duration):
            [Self.line("FAILED", .bad, step.label, duration, columns)] + Self.lines(of: output)
                + [ScreenLine("   " + message, .bad)]
        case .stopped(let step, let duration): [Self.line("stopped", .faint, step.label, duration, columns)]
        case .transferred(let transfer, let duration):
            [
                Self.line(
                    transfer.phase.past, .good, "\(transfer.name)  \(ByteCount.text(transfer.completed))", duration,
                    columns)
            ]
        case .text(let text): [ScreenLine(text)]
        case .summary(let ending, let counts, let images, let duration):
            [Self.summary(ending, counts, duration)] + Self.lines(of: images, columns)
        }
    }

    private static func line(
        _ word: String, _ style: ScreenLine.Style, _ text: String, _ duration: Duration?, size: Int64? = nil,
        _ columns: Int
    ) -> ScreenLine {
        var line = ScreenLine(" " + word, style)
        line.pad(to: 9)
        line.add(text, style == .faint ? .faint : .plain)
        guard let duration else { return line.fitted(to: columns) }
        let end = [size.map(ByteCount.text), Clock.text(duration)].compactMap(\.self).joined(separator: "  ")
        return line.ending(with: ScreenLine(end), columns: columns)
    }

    /// All that is kept, in full length: it is what the author has to read.
    private static func lines(of output: OutputTail) -> [ScreenLine] {
        let lines = output.lines.map { ScreenLine("   " + $0.text) }
        if output.isWhole { return lines }
        let left = "   (the last \(ByteCount.text(Int64(OutputTail.limit))) of \(ByteCount.text(Int64(output.count)));"
        return [ScreenLine(left + " --progress plain shows everything)", .faint)] + lines
    }

    private static func summary(
        _ ending: BuildView.Ending, _ counts: BuildView.Counts, _ duration: Duration
    ) -> ScreenLine {
        var line: ScreenLine
        switch ending {
        case .succeeded: line = ScreenLine("Built", .good)
        case .failed: line = ScreenLine("Failed", .bad)
        case .cancelled: line = ScreenLine("Cancelled", .bad)
        }
        line.add("\(ending == .succeeded ? " in" : " after") \(Clock.text(duration)): ")
        line.add("\(counts.ran) \(counts.ran == 1 ? "step" : "steps") run, \(counts.cached) cached")
        if counts.failed > 0 { line.add(", \(counts.failed) failed") }
        if counts.stopped > 0 { line.add(", \(counts.stopped) stopped") }
        return line
    }

    /// In a narrow window the digest is short: the whole one is the result, and printed as such.
    private static func lines(of images: [BuiltImage], _ columns: Int) -> [ScreenLine] {
        images.map { image in
            let isSingle = images.count { $0.target == image.target } == 1
            let stage = Int(image.target) == nil ? image.target : "stage-\(image.target)"
            let name = isSingle ? stage : "\(stage) \(image.platform)"
            let whole = ScreenLine(" \(name)  \(image.digest)  \(ByteCount.text(image.size))")
            if whole.width <= columns { return whole }
            return ScreenLine(" \(name)  sha256:\(image.digest.short)  \(ByteCount.text(image.size))")
        }
    }

    /// `build 1-4/9, docs 2/3`: the places of steps in their stages.
    private static func ranges(of steps: [Step]) -> String {
        var order: [String] = []
        var stages: [String: [Step]] = [:]
        for step in steps {
            if stages[step.stageTitle] == nil { order.append(step.stageTitle) }
            stages[step.stageTitle, default: []].append(step)
        }
        return order.map { stage in
            let steps = stages[stage] ?? []
            var ranges: [ClosedRange<Int>] = []
            for index in steps.map(\.index).sorted() {
                if let last = ranges.last, last.upperBound + 1 >= index {
                    ranges[ranges.count - 1] = last.lowerBound...max(index, last.upperBound)
                } else {
                    ranges.append(index...index)
                }
            }
            let text = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            return "\(stage) \(text.joined(separator: ","))/\(steps[0].count)"
        }.joined(separator: ", ")
    }
}

extension Transfer.Phase {
    fileprivate var past: String {
        switch self {
        case .pull: "pulled"
        case .push: "pushed"
        case .compress: "packed"
        case .export: "written"
        }
    }
}
