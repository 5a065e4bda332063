import Build
import Dockerfile
import Synchronization

/// Several builds in one view: each has its own steps from 1 on, which get numbers of all builds, and names that say
/// whose they are.
final class BakeProgress: ProgressView {
    private struct State {
        var planned: [Step] = []
        var last = 0
    }

    private let view: any ProgressView
    private let isSingle: Bool
    private let state = Mutex(State())

    /// A single build needs no name at its steps.
    init(_ view: any ProgressView, isSingle: Bool) {
        self.view = view
        self.isSingle = isSingle
    }

    func report(_ event: BuildEvent) { view.report(event) }

    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async { await view.end(ending, images: images) }

    func warn(_ message: String) { view.report(.warning(Diagnostic(.warning, message, at: nil))) }

    /// Takes the events of one build; `source` is the Dockerfile that its warnings are about.
    func sink(for name: String, source: SourceText) -> EventSink {
        let offset = Mutex(0)
        let prefix = isSingle ? nil : name
        return { event in
            switch event {
            case .planned(let steps):
                let all = self.state.withLock { state in
                    let first = state.last
                    offset.withLock { $0 = first }
                    state.planned += steps.map { $0.numbered(from: first, of: prefix) }
                    state.last = first + (steps.map(\.number).max() ?? 0)
                    return state.planned
                }
                self.view.report(.planned(all))
            case .warning(let diagnostic):
                let place = diagnostic.range.map { "\(source.name):\($0.start.line):\($0.start.column): " } ?? ""
                let rule = diagnostic.rule.map { " [\($0)]" } ?? ""
                self.warn(place + diagnostic.message + rule)
            default: self.view.report(event.mapped { $0.numbered(from: offset.withLock { $0 }, of: prefix) })
            }
        }
    }
}

extension Step {
    fileprivate func numbered(from offset: Int, of build: String?) -> Step {
        Step(
            number: number + offset, stage: build.map { "\($0) \(stageTitle)" } ?? stage, index: index, count: count,
            title: title, keyword: keyword, range: range, platform: platform)
    }
}

extension BuildEvent {
    fileprivate func mapped(_ change: (Step) -> Step) -> BuildEvent {
        switch self {
        case .planned(let steps): .planned(steps.map(change))
        case .stepStarted(let step): .stepStarted(change(step))
        case .stepOutput(let step, let channel, let bytes): .stepOutput(change(step), channel, bytes)
        case .stepFinished(let step, let outcome): .stepFinished(change(step), outcome)
        case .stepFailed(let step, let message): .stepFailed(change(step), message: message)
        case .warning, .transfer: self
        }
    }
}
