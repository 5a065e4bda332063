import Foundation
import Linux

/// Writes the log of one attempt. Calls are carried out in the order they are made; each returns when its bytes are with
/// the kernel, so that a slow disk slows the build and fills no memory.
package actor RunLogWriter {
    private let claim: RunClaim
    private let logs: RunLogs
    private let output: AppendingFile
    private let events: AppendingFile
    private var composer: LogComposer
    private var offset: Int64
    private let encoder = JSONEncoder()

    init(claim: RunClaim, logs: RunLogs, output: AppendingFile, events: AppendingFile, composer: LogComposer) {
        self.claim = claim
        self.logs = logs
        self.output = output
        self.events = events
        self.composer = composer
        offset = output.size
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func begin(at now: Timestamp) async throws {
        let again = claim.attempt > 1 ? composer.note("attempt \(claim.attempt)") : []
        if events.endsMidLine { try await logs.thread.run { [events] in try events.append([UInt8(ascii: "\n")]) } }
        let event = LogEvent(
            time: now.milliseconds, event: .attemptStarted, attempt: claim.attempt, offset: offset)
        try await write(again, before: event, at: now)
    }

    /// A line of the agent's own.
    package func note(_ text: String, at now: Timestamp) async throws {
        try await write(composer.note(text), before: nil, at: now)
    }

    package func start(_ step: String, name: String, at now: Timestamp) async throws {
        let (number, segments) = composer.start(step, name: name)
        let event = LogEvent(time: now.milliseconds, event: .stepStarted, step: number, name: name)
        try await write(segments, before: event, at: now)
    }

    package func append(_ bytes: [UInt8], to step: String, at now: Timestamp) async throws {
        try await write(composer.output(step, bytes), before: nil, at: now)
    }

    package func finish(_ record: StepRecord, at now: Timestamp) async throws {
        guard let (number, segments) = composer.finish(record.id, verdict: record.verdict) else { return }
        let event = LogEvent(
            time: now.milliseconds, event: .stepFinished, step: number, status: record.status.rawValue,
            cached: record.isCached)
        try await write(segments, before: event, at: now)
    }

    /// Writes what was held back and puts everything on disk.
    package func close(at now: Timestamp) async throws {
        let event = LogEvent(time: now.milliseconds, event: .attemptFinished, attempt: claim.attempt)
        try await write(composer.flush(), before: event, at: now)
        try await logs.thread.run { [output, events] in
            try output.synchronize()
            try events.synchronize()
        }
    }

    private func write(_ segments: [LogComposer.Segment], before event: LogEvent?, at now: Timestamp) async throws {
        var text: [UInt8] = []
        var lines: [UInt8] = []
        for segment in segments {
            if let step = segment.step {
                lines += try line(
                    LogEvent(
                        time: now.milliseconds, event: .stepOutput, step: step, offset: offset,
                        length: Int64(segment.bytes.count)))
            }
            text += segment.bytes
            offset += Int64(segment.bytes.count)
        }
        if let event { lines += try line(event) }
        guard !text.isEmpty || !lines.isEmpty else { return }
        try await logs.thread.run { [output, events, text, lines] in
            if !text.isEmpty { try output.append(text) }
            if !lines.isEmpty { try events.append(lines) }
        }
        logs.growth.announce(claim.run)
    }

    private func line(_ event: LogEvent) throws -> [UInt8] {
        try [UInt8](encoder.encode(event)) + [UInt8(ascii: "\n")]
    }
}

extension StepRecord {
    /// `done in 1.2 s`, `cached`, `failed after 3.0 s`
    fileprivate var verdict: String {
        let time = duration.map { Double($0.milliseconds) / 1000 }.map { "\(($0 * 10).rounded() / 10) s" }
        switch status {
        case .succeeded where isCached: return "cached"
        case .succeeded: return "done" + (time.map { " in \($0)" } ?? "")
        case .failed: return "failed" + (time.map { " after \($0)" } ?? "")
        case .cancelled: return "cancelled"
        case .running: return "running"
        }
    }
}
