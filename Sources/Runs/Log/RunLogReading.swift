import Synchronization

/// Who follows which log.
final class LogGrowth: Sendable {
    private struct State {
        var nextKey = 0
        var followers: [RunID: [Int: AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    func announce(_ run: RunID) {
        let followers = state.withLock { $0.followers[run]?.values.map { $0 } ?? [] }
        for follower in followers { follower.yield() }
    }

    /// Yields once for any number of changes since the last look.
    func changes(of run: RunID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let key = state.withLock { state in
            state.nextKey += 1
            state.followers[run, default: [:]][state.nextKey] = continuation
            return state.nextKey
        }
        continuation.onTermination = { [weak self] _ in self?.remove(key, of: run) }
        return stream
    }

    private func remove(_ key: Int, of run: RunID) {
        state.withLock { state in
            state.followers[run]?[key] = nil
            if state.followers[run]?.isEmpty ?? false { state.followers[run] = nil }
        }
    }
}

/// Reads a run's text piece by piece, the whole of it or what some steps wrote, to its present end or following it.
package actor RunLogReading {
    private let logs: RunLogs
    private let run: RunID
    private let selector: String?
    private let isEnded: @Sendable () async throws -> Bool
    private let changes: AsyncStream<Void>?
    private var offset: Int64
    private var index = LogIndex()
    private var eventsOffset: Int64 = 0

    /// `step` is a number or a part of a name. With `following`, reading ends when that says that the run is over and
    /// all was read; without it, at the end of what is there.
    package init(
        _ logs: RunLogs, of run: RunID, from offset: Int64 = 0, step: String? = nil,
        following: (@Sendable () async throws -> Bool)? = nil
    ) {
        self.logs = logs
        self.run = run
        self.offset = offset
        selector = step
        isEnded = following ?? { true }
        changes = following == nil ? nil : logs.growth.changes(of: run)
    }

    /// The next piece; nil at the end.
    package func next() async throws -> [UInt8]? {
        while true {
            let ended = try await isEnded()
            let piece = if let selector { try await stepPiece(selector) } else { try await textPiece() }
            if !piece.isEmpty { return piece }
            if ended || Task.isCancelled { return nil }
            guard let changes else { return nil }
            for await _ in changes { break }
        }
    }

    private func textPiece() async throws -> [UInt8] {
        let bytes = try await logs.text(of: run, from: offset)
        offset += Int64(bytes.count)
        return bytes
    }

    /// What the steps wrote at or after `offset`, as far as the events tell.
    private func stepPiece(_ selector: String) async throws -> [UInt8] {
        while true {
            let bytes = try await logs.events(of: run, from: eventsOffset)
            guard !bytes.isEmpty else { break }
            eventsOffset += Int64(bytes.count)
            index.add(bytes)
        }
        guard let range = index.ranges(of: selector).first(where: { $0.upperBound > offset }) else { return [] }
        let start = max(range.lowerBound, offset)
        let bytes = try await logs.text(of: run, from: start, count: Int(min(range.upperBound - start, 1 << 16)))
        offset = start + Int64(bytes.count)
        return bytes
    }
}
