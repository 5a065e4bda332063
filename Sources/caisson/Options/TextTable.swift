/// Lines of columns. What cells hold may come from anywhere: it is made harmless for a terminal first.
package enum TextTable {
    package static func text(_ header: [String], _ rows: [[String]]) -> String {
        let all = ([header] + rows).map { $0.map { PrintableText($0).text } }
        let widths = header.indices.map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - DisplayWidth.of(cell) + 2)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Items a line each, by the columns that say something of them, in their order.
    package static func text<Item>(
        of items: some Sequence<Item>, _ columns: KeyValuePairs<String, (Item) -> String>
    ) -> String {
        text(columns.map(\.key), items.map { item in columns.map { $0.value(item) } })
    }
}
