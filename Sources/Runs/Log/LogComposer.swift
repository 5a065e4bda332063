package import Pipeline

/// Makes one readable text of the output of steps that run at the same time.
///
/// Output is kept byte for byte. While several steps run, whole lines are kept together; where the text changes from one
/// step to another, a line of ours says so:
///
///     #2 [build 1/3] RUN make
///     cc -c main.c
///     #3 [test 1/1] RUN make check
///     ok 1
///     #3 done in 1.2 s
package struct LogComposer: Sendable {
    /// A stretch of text: of a step, or ours.
    package struct Segment: Hashable, Sendable {
        package let step: Int?
        package let bytes: [UInt8]
    }

    private struct Step {
        let number: Int
        let name: String
        var pending: [UInt8] = []
    }

    private static let longestHeldLine = 8 * 1024
    private let limit: Int64
    private var written: Int64 = 0
    private var isFull = false
    private var steps: [String: Step] = [:]
    private var count: Int
    /// The step whose output is the last in the text.
    private var current: Int?
    private var isMidLine: Bool

    /// `limit` bounds the output of all steps. An earlier text goes on: its steps were `count`, and its last line has
    /// no end if `isMidLine`.
    package init(limit: ByteCount, count: Int = 0, isMidLine: Bool = false) {
        self.limit = limit.bytes
        self.count = count
        self.isMidLine = isMidLine
    }

    package mutating func note(_ text: String) -> [Segment] {
        current = nil
        return line(text)
    }

    package mutating func start(_ id: String, name: String) -> (number: Int, segments: [Segment]) {
        count += 1
        let step = Step(number: count, name: name.singleLine)
        steps[id] = step
        current = step.number
        return (step.number, line("#\(step.number) \(step.name)"))
    }

    package mutating func output(_ id: String, _ bytes: [UInt8]) -> [Segment] {
        guard var step = steps[id], !bytes.isEmpty else { return [] }
        step.pending += bytes
        var whole = step.pending.count
        if steps.count > 1, whole < Self.longestHeldLine {
            whole = step.pending.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        }
        let ready = Array(step.pending[..<whole])
        step.pending.removeFirst(whole)
        steps[id] = step
        return emit(ready, of: step)
    }

    package mutating func finish(_ id: String, verdict: String) -> (number: Int, segments: [Segment])? {
        guard let step = steps.removeValue(forKey: id) else { return nil }
        var segments = emit(step.pending, of: step)
        segments += line("#\(step.number) \(verdict.singleLine)")
        current = nil
        return (step.number, segments)
    }

    /// What steps still hold back, when no more will come.
    package mutating func flush() -> [Segment] {
        let rest = steps.values.sorted { $0.number < $1.number }
        steps = [:]
        return rest.flatMap { emit($0.pending, of: $0) }
    }

    private mutating func emit(_ bytes: [UInt8], of step: Step) -> [Segment] {
        guard !bytes.isEmpty, !isFull else { return [] }
        var segments: [Segment] = []
        if current != step.number {
            segments += line("#\(step.number) \(step.name)")
            current = step.number
        }
        let room = Int(min(Int64(bytes.count), limit - written))
        if room > 0 {
            segments.append(Segment(step: step.number, bytes: Array(bytes[..<room])))
            isMidLine = bytes[room - 1] != UInt8(ascii: "\n")
            written += Int64(room)
        }
        if room < bytes.count {
            isFull = true
            segments += line("the log reached its limit of \(ByteCount(bytes: limit)); further output is left out")
        }
        return segments
    }

    private mutating func line(_ text: String) -> [Segment] {
        let start = isMidLine ? "\n" : ""
        isMidLine = false
        return [Segment(step: nil, bytes: Array("\(start)\(text)\n".utf8))]
    }
}

extension String {
    fileprivate var singleLine: String {
        String(unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
    }
}
