import ArgumentParser
import Build

/// How a build is followed on stderr.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    case auto
    case plain
    case json
    case quiet

    var reporter: EventSink {
        switch self {
        case .auto, .plain:
            let progress = PlainProgress()
            return { progress.report($0) }
        case .json:
            let progress = JSONProgress()
            return { progress.report($0) }
        case .quiet: return { _ in }
        }
    }
}
