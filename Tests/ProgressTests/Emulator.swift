/// A terminal as far as the view needs one: what it does not know is a mistake of the test or of the view.
struct Emulator {
    let columns: Int
    let rows: Int
    /// The window, and above it what has scrolled away.
    private(set) var lines: [String] = [""]
    private(set) var isCursorVisible = true
    private(set) var wraps = true
    private(set) var unknown: [String] = []
    private var row = 0
    private var column = 0

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// The first line of the window.
    private var top: Int { max(0, lines.count - rows) }

    var text: [String] {
        var result = lines.map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return line
        }
        while result.last == "" { result.removeLast() }
        return result
    }

    var isAtLineStart: Bool { column == 0 }

    mutating func write(_ output: String) {
        var rest = output.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": lineFeed()
            case "\u{1B}":
                let end = rest.firstIndex { ("@"..."~").contains($0) && $0 != "[" } ?? rest.startIndex
                control(String(rest[...end]))
                rest = rest[rest.index(after: end)...]
            default: put(scalar)
            }
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        if column >= columns {
            if !wraps { return }
            column = 0
            lineFeed()
        }
        var cells = Array(lines[row].unicodeScalars)
        while cells.count <= column { cells.append(" ") }
        cells[column] = scalar
        lines[row] = String(String.UnicodeScalarView(cells))
        column += 1
    }

    private mutating func lineFeed() {
        row += 1
        if row == lines.count { lines.append("") }
    }

    private mutating func control(_ sequence: String) {
        switch sequence {
        case "[?25l": isCursorVisible = false
        case "[?25h": isCursorVisible = true
        case "[?7l": wraps = false
        case "[?7h": wraps = true
        case "[K": lines[row] = String(lines[row].unicodeScalars.prefix(column))
        case "[J":
            lines[row] = String(lines[row].unicodeScalars.prefix(column))
            lines.removeSubrange((row + 1)...)
        default:
            if sequence.hasSuffix("A"), let count = Int(sequence.dropFirst().dropLast()) {
                row = max(top, row - count)
            } else if !sequence.hasSuffix("m") {
                unknown.append(sequence)
            }
        }
    }
}
