/// The instructions of the language.
package enum Keyword: String, CaseIterable, Sendable {
    case add, arg, cmd, copy, entrypoint, env, expose, from, healthcheck, label, maintainer, onbuild, run, shell
    case stopsignal, user, volume, workdir

    /// As instructions are written by convention.
    package var uppercased: String { rawValue.uppercased() }

    /// Whether `<<NAME` in the arguments starts a here-document.
    var allowsHeredocs: Bool {
        switch self {
        case .add, .copy, .run: true
        default: false
        }
    }
}
