extension Diagnostic {
    /// `file:line:column: error: message`, for logs and other one-line places.
    package func summary(in source: SourceText) -> String {
        var place = source.name
        if let range { place += ":\(range.start.line):\(range.start.column)" }
        let suffix = rule.map { " [\($0)]" } ?? ""
        return "\(place): \(severity.rawValue): \(Printable.text(message, limit: 500))\(suffix)"
    }

    /// The summary, up to four lines of source around the place with a caret, and the remedy. Ends without a newline.
    package func render(in source: SourceText) -> String {
        var output = summary(in: source)
        if let range, (1...max(1, source.lineCount)).contains(range.firstLine), source.lineCount > 0 {
            let last = min(range.lastLine, source.lineCount)
            let from = max(1, range.firstLine - 4)
            let to = min(source.lineCount, last + 4)
            let width = String(to).count
            for line in from...to {
                // Of a long instruction or heredoc only both ends are worth showing.
                if line > range.firstLine + 8, line < last - 3 {
                    if line == range.firstLine + 9 { output += "\n    …" }
                    continue
                }
                let isOffending = (range.firstLine...last).contains(line)
                let number = String(line)
                let excerpt = Excerpt(source.contents(ofLine: line), around: isOffending ? range.start.column : 1)
                output += "\n\(isOffending ? ">>>" : "   ") "
                output +=
                    String(repeating: " ", count: width - number.count) + number
                    + (excerpt.text.isEmpty ? " |" : " | \(excerpt.text)")
                if line == range.firstLine {
                    let marked = range.lastLine == range.firstLine ? range.end.column - range.start.column : 1
                    output += "\n" + String(repeating: " ", count: 4 + width) + " | "
                    output += excerpt.underline(column: range.start.column, count: marked)
                }
            }
        }
        if let hint { output += "\nhint: \(Printable.text(hint))" }
        return output
    }
}

/// A window of one source line that is safe to print: control characters are shown as `?`, long lines are cut.
private struct Excerpt {
    private static let width = 160
    private let bytes: ArraySlice<UInt8>
    private let lineStart: Int
    let text: String

    init(_ line: ArraySlice<UInt8>, around column: Int) {
        lineStart = line.startIndex
        var from = line.startIndex
        if line.count > Self.width, column > Self.width / 2 {
            from = min(line.startIndex + column - Self.width / 2, line.endIndex)
        }
        bytes = line[from..<min(line.endIndex, from + Self.width)]
        text = Printable.text(bytes)
    }

    /// Spaces up to the column and a caret; tabs are kept so that the caret stands right in any terminal.
    func underline(column: Int, count: Int) -> String {
        let offset = min(max(lineStart + column - 1, bytes.startIndex), bytes.endIndex)
        let indent = Printable.text(bytes[..<offset]).map { $0 == "\t" ? Character("\t") : " " }
        let end = min(offset + max(0, count), bytes.endIndex)
        let marked = Printable.text(bytes[offset..<end]).count
        return String(indent) + "^" + String(repeating: "~", count: max(0, marked - 1))
    }
}

/// Text of a file as a terminal may show it: what would move its cursor or hide something becomes `?`.
enum Printable {
    static func text(_ text: some StringProtocol, limit: Int = .max) -> String {
        var result = String()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit { return result + "…" }
            let category = scalar.properties.generalCategory
            let hidden = category == .control || category == .format || category == .surrogate
            result.unicodeScalars.append(hidden && scalar != "\t" ? "?" : scalar)
        }
        return result
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String { text(bytes.text) }
}
