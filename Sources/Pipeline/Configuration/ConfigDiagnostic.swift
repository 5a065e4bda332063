/// One thing wrong, or doubtful, in a configuration file: where, what, and what to do about it.
package struct ConfigDiagnostic: Error, Hashable, Sendable, Encodable {
    package enum Severity: String, Sendable, Encodable {
        case error, warning
    }

    package let severity: Severity
    /// The name of the file as its reader gave it.
    package let file: String
    package let span: SourceSpan
    package let message: String
    /// A remedy: `did you mean …`, or the lines to write elsewhere.
    package let hint: String?
    /// The text of the line the span starts on.
    package let sourceLine: String
}

/// A stretch of one line; line and column count from 1, column and length in Unicode scalars.
package struct SourceSpan: Hashable, Sendable, Encodable {
    package let line: Int
    package let column: Int
    package let length: Int

    package init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = length
    }

    package static let start = SourceSpan(line: 1, column: 1)
    /// Of values that the environment sets above the file.
    package static let environment = SourceSpan(line: 0, column: 0)
}

/// All that is wrong with configuration files.
package struct ConfigError: Error, Sendable, CustomStringConvertible {
    package let diagnostics: [ConfigDiagnostic]

    /// Of one file, to be sorted by place.
    package init(_ diagnostics: [ConfigDiagnostic]) {
        self.diagnostics = diagnostics.sorted { ($0.span.line, $0.span.column) < ($1.span.line, $1.span.column) }
    }

    /// Of several files.
    package init(inOrder diagnostics: [ConfigDiagnostic]) { self.diagnostics = diagnostics }

    package var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

extension ConfigDiagnostic: CustomStringConvertible {
    /// The message with its place, the source line and a caret below it; nothing in it can move a terminal's cursor.
    package var description: String {
        let label = severity == .warning ? "warning: " : ""
        let place = span == .environment ? "environment" : "\(file):\(span.line):\(span.column)"
        let heading = "\(place): \(label)\(message)".printable
        let remedy = (hint ?? "").split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        var lines = [heading]
        if let excerpt = Excerpt(of: sourceLine, at: span) {
            let number = String(span.line)
            let gutter = String(repeating: " ", count: number.count)
            lines.append("  \(number) | \(excerpt.text)")
            let firstHint = remedy.first.map { $0.isEmpty ? "" : " " + $0 } ?? ""
            lines.append("  \(gutter) | \(excerpt.carets)\(firstHint)")
            lines += remedy.dropFirst().map { "  " + $0 }
        } else {
            lines += remedy.filter { !$0.isEmpty }.map { "  " + $0 }
        }
        return lines.joined(separator: "\n")
    }
}

/// The part of a source line around a span, with carets under the span.
private struct Excerpt {
    let text: String
    let carets: String

    private static let width = 100
    private static let lead = 60

    init?(of line: String, at span: SourceSpan) {
        let scalars = Array(line.unicodeScalars)
        guard span.column >= 1, span.column <= scalars.count + 1, scalars.contains(where: { $0 != " " }) else {
            return nil
        }
        let offset = span.column - 1
        let first = scalars.count > Self.width ? max(0, offset - Self.lead) : 0
        let last = min(scalars.count, first + Self.width)
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: scalars[first..<last])
        let head = first > 0 ? "…" : ""
        let tail = last < scalars.count ? "…" : ""
        text = head + String(shown).printable + tail
        let marked = max(1, min(span.length, last - offset))
        carets = String(repeating: " ", count: offset - first + head.count) + String(repeating: "^", count: marked)
    }
}

extension String {
    /// The string with tabs as spaces, and control and direction-changing characters made visible.
    var printable: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x09: result.append(" ")
            case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
