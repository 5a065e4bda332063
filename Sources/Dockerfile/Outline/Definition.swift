extension InstructionNode {
    /// What a comment above the instruction says of one of the names it defines: `# name description`.
    func description(of name: String) -> String? {
        for comment in comments where comment.text.hasPrefix(name + " ") {
            return Array(comment.text.utf8.dropFirst(name.utf8.count)).trimmed.text
        }
        return nil
    }
}

extension SourceRange {
    /// The lines, as builders' front ends give places to other programs.
    var location: JSONValue {
        func line(_ number: Int) -> JSONValue { .object([.init("line", .integer(number))]) }
        let range = JSONValue.object([.init("start", line(firstLine)), .init("end", line(lastLine))])
        return .object([.init("ranges", .array([range]))])
    }
}

/// Columns of text, each as wide as its widest cell.
struct TextTable {
    private let rows: [[String]]

    /// Nothing but a heading is no table.
    init?(_ heading: [String], _ rows: [[String]]) {
        if rows.isEmpty { return nil }
        self.rows = [heading] + rows
    }

    /// Ends with a newline.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let line = cells.joined(separator: "   ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
