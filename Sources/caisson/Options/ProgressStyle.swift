import ArgumentParser
import Dockerfile
import Linux

/// How a build is followed on stderr.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    case auto
    case tty
    case plain
    case json
    case quiet

    /// What `auto` means here: a terminal that can move its cursor gets the view that does so.
    var resolved: ProgressStyle {
        guard self == .auto else { return self }
        let terminal = ProcessEnvironment.variables()["TERM"] ?? ""
        return StandardError.isTerminal && !terminal.isEmpty && terminal != "dumb" ? .tty : .plain
    }

    /// `source` is the Dockerfile that warnings are about.
    func view(for source: SourceText? = nil, _ color: ColorOptions) throws -> any ProgressView {
        switch resolved {
        case .auto, .plain: return PlainProgress(source: source)
        case .tty:
            guard StandardError.isTerminal else {
                throw CommandFailure.usage("--progress tty needs a terminal as standard error")
            }
            return TerminalProgress(source: source, inColor: color.color.isInColor)
        case .json: return JSONProgress()
        case .quiet: return QuietProgress()
        }
    }
}
