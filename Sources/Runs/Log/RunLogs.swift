import Linux
package import Pipeline
package import SystemPackage

/// The logs of all runs, below one folder. Files are read and written on a thread of their own.
package final class RunLogs: Sendable {
    private let folder: FilePath
    let thread = BlockingThread(label: "run-logs")
    let growth = LogGrowth()

    package init(folder: FilePath) { self.folder = folder }

    /// Opens the log of `claim.run` for the present attempt, after what earlier attempts wrote. One writer at a time.
    package func writer(for claim: RunClaim, limit: ByteCount, at now: Timestamp) async throws -> RunLogWriter {
        let (output, events, stepCount) = try await thread.run { [self] in
            try LogFile.makeFolder(folder.appending(claim.run.description))
            return (
                try AppendingFile(outputPath(of: claim.run)),
                try AppendingFile(eventsPath(of: claim.run)),
                try LogIndex(eventsIn: eventsPath(of: claim.run)).stepCount
            )
        }
        let writer = RunLogWriter(
            claim: claim, logs: self, output: output, events: events,
            composer: LogComposer(limit: limit, count: stepCount, isMidLine: output.endsMidLine))
        try await writer.begin(at: now)
        return writer
    }

    /// Up to `count` bytes of a run's text at `offset`; empty at the end.
    package func text(of run: RunID, from offset: Int64, count: Int = 1 << 16) async throws -> [UInt8] {
        try await thread.run { [self] in try LogFile.read(outputPath(of: run), at: offset, count: count) }
    }

    func events(of run: RunID, from offset: Int64) async throws -> [UInt8] {
        try await thread.run { [self] in try LogFile.read(eventsPath(of: run), at: offset, count: 1 << 20) }
    }

    /// Tells those who follow the log of `run` that the run has changed: it may have ended without another line.
    package func announce(_ run: RunID) { growth.announce(run) }

    private func outputPath(of run: RunID) -> FilePath { folder.appending(run.description).appending("output") }
    private func eventsPath(of run: RunID) -> FilePath { folder.appending(run.description).appending("events.jsonl") }
}
