import ArgumentParser
import Linux

/// Whether what people read on a terminal has colours.
package enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case always
    case never

    /// `auto` leaves colours out if `noColor`, the value of NO_COLOR, is any but the empty one, as no-color.org says.
    package func isInColor(noColor: String?) -> Bool {
        switch self {
        case .auto: noColor?.isEmpty ?? true
        case .always: true
        case .never: false
        }
    }

    var isInColor: Bool { isInColor(noColor: ProcessEnvironment.variables()["NO_COLOR"]) }
}

struct ColorOptions: ParsableArguments {
    @Option(name: .customLong("color"), help: "Colours on a terminal; auto goes by $NO_COLOR.") var color =
        ColorChoice.auto
}
