package import Build
package import Dockerfile

/// A build as people follow it on a terminal: events and the time come in, lines go out. Nothing here writes or reads
/// a clock.
///
/// Lines are of two kinds. Those of `notices` stay: finished steps, warnings, the output of a failed step. Those of
/// `frame` stand below and show what runs now. Times count from the begin of the build.
package struct BuildView: Sendable {
    struct RunningStep: Sendable {
        let step: Step
        let started: Duration
        var output = OutputTail()
    }

    struct RunningTransfer: Sendable {
        let started: Duration
        /// What was there when the transfer was first seen.
        let initial: Int64
        var transfer: Transfer
    }

    struct Counts: Sendable {
        var planned = 0
        var ran = 0
        var cached = 0
        var failed = 0
        var stopped = 0

        var ended: Int { ran + cached + failed }
    }

    /// How it ended.
    package enum Ending: Sendable {
        case succeeded
        case failed
        case cancelled
    }

    private(set) var steps: [RunningStep] = []
    private(set) var transfers: [RunningTransfer] = []
    private(set) var counts = Counts()
    /// Cached steps that came one after the other and are not shown yet.
    private var cached: [Step] = []
    private var lastCached = Duration.zero
    private var pending: [Notice] = []
    /// The Dockerfile that warnings are about.
    private let source: SourceText?

    /// So long after the last cached step no further one belongs to it.
    private static let pause: Duration = .milliseconds(400)

    package init(source: SourceText?) { self.source = source }

    package mutating func receive(_ event: BuildEvent, at time: Duration) {
        switch event {
        case .planned(let steps): counts.planned = steps.count
        case .stepStarted(let step): steps.append(RunningStep(step: step, started: time))
        case .stepOutput(let step, _, let bytes):
            guard let index = position(of: step) else { return }
            steps[index].output.append(bytes)
        case .stepFinished(let step, let outcome): finish(step, outcome, at: time)
        case .stepFailed(let step, let message):
            let running = remove(step)
            counts.failed += 1
            add(
                .failed(
                    step, message: message, running?.output ?? OutputTail(),
                    duration: time - (running?.started ?? time)))
        case .warning(let diagnostic):
            add(.text(source.map { diagnostic.summary(in: $0) } ?? "warning: \(diagnostic.message)"))
        case .transfer(let transfer): receive(transfer, at: time)
        }
    }

    private mutating func finish(_ step: Step, _ outcome: StepOutcome, at time: Duration) {
        let running = remove(step)
        guard outcome.isCached else {
            counts.ran += 1
            return add(
                .finished(
                    step, size: outcome.madeFiles, duration: running.map { time - $0.started } ?? outcome.duration))
        }
        counts.cached += 1
        cached.append(step)
        lastCached = time
    }

    private mutating func receive(_ transfer: Transfer, at time: Duration) {
        let index = transfers.firstIndex { $0.transfer.phase == transfer.phase && $0.transfer.name == transfer.name }
        if transfer.isFinished {
            let started = index.map { transfers.remove(at: $0).started } ?? time
            add(.transferred(transfer, duration: time - started))
        } else if let index {
            transfers[index].transfer = transfer
        } else {
            transfers.append(RunningTransfer(started: time, initial: transfer.completed, transfer: transfer))
        }
    }

    /// After this nothing runs any more; the last notices are the summary.
    package mutating func end(_ ending: Ending, images: [BuiltImage], at time: Duration) {
        for running in steps {
            counts.stopped += 1
            add(.stopped(running.step, duration: time - running.started))
        }
        steps = []
        transfers = []
        releaseCached()
        if counts.planned > 0 || counts.ended > 0 { add(.summary(ending, counts, images, duration: time)) }
    }

    /// The lines that stay and were not taken yet, in at most `columns` where a line is not the user's own text.
    package mutating func takeLines(columns: Int, at time: Duration) -> [ScreenLine] {
        if time - lastCached >= Self.pause { releaseCached() }
        defer { pending = [] }
        return pending.flatMap { $0.lines(columns: columns) }
    }

    private mutating func add(_ notice: Notice) {
        releaseCached()
        pending.append(notice)
    }

    private mutating func releaseCached() {
        if !cached.isEmpty { pending.append(.cached(cached)) }
        cached = []
    }

    private func position(of step: Step) -> Int? { steps.firstIndex { $0.step.number == step.number } }

    private mutating func remove(_ step: Step) -> RunningStep? { position(of: step).map { steps.remove(at: $0) } }
}
