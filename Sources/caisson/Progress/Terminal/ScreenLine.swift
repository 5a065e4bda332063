/// A line for a terminal: harmless text in styles.
package struct ScreenLine: Hashable, Sendable {
    package enum Style: Hashable, Sendable {
        case plain
        case strong
        case faint
        case good
        case bad
    }

    package struct Span: Hashable, Sendable {
        package var text: String
        package var style: Style
    }

    package private(set) var spans: [Span] = []

    package init() {}

    package init(_ text: some StringProtocol, _ style: Style = .plain) { add(text, style) }

    package mutating func add(_ text: some StringProtocol, _ style: Style = .plain) {
        spans.append(Span(text: PrintableText(text).text, style: style))
    }

    package mutating func pad(to columns: Int) {
        let missing = columns - width
        if missing > 0 { spans.append(Span(text: String(repeating: " ", count: missing), style: .plain)) }
    }

    package var width: Int { spans.reduce(0) { $0 + DisplayWidth.of($1.text) } }

    package var text: String { spans.map(\.text).joined() }

    /// The line in at most `columns`; one that is cut ends with `…`.
    package func fitted(to columns: Int) -> ScreenLine {
        guard width > columns else { return self }
        guard columns > 0 else { return ScreenLine() }
        var line = ScreenLine()
        var rest = columns - 1
        for span in spans {
            let part = DisplayWidth.prefix(span.text, columns: rest)
            rest -= DisplayWidth.of(part)
            if part.endIndex == span.text.endIndex {
                line.spans.append(span)
            } else {
                line.spans.append(Span(text: part + "…", style: span.style))
                break
            }
        }
        return line
    }

    /// This line up to `columns`, with `end` at its right edge.
    package func ending(with end: ScreenLine, columns: Int) -> ScreenLine {
        var line = fitted(to: max(0, columns - end.width - 1))
        line.pad(to: columns - end.width)
        line.spans += end.spans
        return line.fitted(to: columns)
    }

    /// The line as bytes for a terminal, with or without colours.
    package func rendered(inColor: Bool) -> String {
        guard inColor else { return text }
        var output = ""
        for span in spans where !span.text.isEmpty {
            if let code = span.style.code {
                output += "\u{1B}[\(code)m\(span.text)\u{1B}[0m"
            } else {
                output += span.text
            }
        }
        return output
    }
}

extension ScreenLine.Style {
    /// The parameter of `SGR`; the sixteen colours follow the user's own scheme.
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .bad: "1;31"
        }
    }
}
