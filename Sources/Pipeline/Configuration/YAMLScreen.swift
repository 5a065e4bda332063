/// What must be refused before libyaml and Yams see a file.
///
/// Yams hashes every key of a mapping: a key that unfolds nested aliases would cost time exponential in the file's size,
/// so that keys with aliases or brackets are refused here, together with byte order marks, tabs as indentation and an
/// excess of aliases. Quotes and comments are followed; block scalars are not, and count as plain text.
struct YAMLScreen {
    static func problems(in source: ConfigSource) -> [ConfigDiagnostic] {
        var screen = YAMLScreen(source: source)
        if source.text.unicodeScalars.first == "\u{FEFF}" {
            screen.report("file starts with a byte order mark", at: .start, hint: "save it as UTF-8 without BOM")
        }
        for (index, line) in source.lines.enumerated() {
            screen.scan(line.unicodeScalars, line: index + 1)
        }
        if screen.aliases > 0, let span = screen.compoundKey {
            screen.report("a key must be plain text", at: span)
        }
        return screen.problems
    }

    /// The last thing that was not white space, as far as it decides what may follow.
    private enum Previous {
        case opening, closing, alias, other
    }

    private let source: ConfigSource
    private var problems: [ConfigDiagnostic] = []
    private var quote: Unicode.Scalar?
    private var previous = Previous.opening
    private var aliases = 0
    private var compoundKey: SourceSpan?

    private init(source: ConfigSource) { self.source = source }

    private mutating func report(_ message: String, at span: SourceSpan, hint: String? = nil) {
        problems.append(source.error(message, at: span, hint: hint))
    }

    private mutating func scan(_ line: Substring.UnicodeScalarView, line number: Int) {
        let scalars = Array(line)
        var index = scalars.firstIndex { $0 != " " } ?? scalars.count
        if quote == nil {
            if index < scalars.count, scalars[index] == "\t" {
                report(
                    "tab in the indentation", at: SourceSpan(line: number, column: index + 1),
                    hint: "indent with spaces")
            }
            if previous == .other { previous = .opening }
        }
        while index < scalars.count {
            let scalar = scalars[index]
            let span = SourceSpan(line: number, column: index + 1)
            let startsWord = index == 0 || " \t[{,".unicodeScalars.contains(scalars[index - 1])
            index += 1
            if let open = quote {
                if scalar == "\\", open == "\"" { index += 1 }
                if scalar == open { quote = nil }
                continue
            }
            switch scalar {
            case " ", "\t":
                continue
            case "#" where startsWord:
                return
            case "\"", "'":
                if previous == .opening { quote = scalar }
                previous = .other
            case "*" where startsWord && previous == .opening:
                countAlias(at: span)
                index = scalars[index...].firstIndex { " \t,]}".unicodeScalars.contains($0) } ?? scalars.count
            case "?" where startsWord && previous == .opening && (index == scalars.count || scalars[index] == " "):
                compoundKey = compoundKey ?? span
            case ":":
                if previous == .closing || previous == .alias { compoundKey = compoundKey ?? span }
                previous = .opening
            case "[", "{", ",", "-":
                previous = .opening
            case "]", "}":
                previous = .closing
            default:
                previous = .other
            }
        }
    }

    private mutating func countAlias(at span: SourceSpan) {
        aliases += 1
        previous = .alias
        if aliases == ConfigLimits.aliases + 1 {
            report("file has more than \(ConfigLimits.aliases) aliases", at: span)
        }
    }
}
