import ArgumentParser
import Build
import Dockerfile

/// How a build is followed on stderr.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    case auto
    case plain
    case json
    case quiet

    /// `source` is the Dockerfile that warnings are about.
    func reporter(for source: SourceText? = nil) -> EventSink {
        switch self {
        case .auto, .plain:
            let progress = PlainProgress(source: source)
            return { progress.report($0) }
        case .json:
            let progress = JSONProgress()
            return { progress.report($0) }
        case .quiet: return { _ in }
        }
    }
}
