package import Linux

/// What stands on the terminal below the lines that stay, and the bytes that bring it from one frame to the next.
///
/// A frame is one write that ends with the cursor visible, lines wrapping, and the position at the begin of the line
/// below: whatever ends the process, and when, the terminal is as it was.
package struct TerminalScreen: Sendable {
    private let inColor: Bool
    private var frame: [ScreenLine] = []
    private var size: TerminalSize?

    package init(inColor: Bool) { self.inColor = inColor }

    /// Puts `lines` above the frame for good and `next` in its place; nil if that changes nothing.
    package mutating func show(_ next: [ScreenLine], below lines: [ScreenLine], size: TerminalSize) -> String? {
        if lines.isEmpty, next == frame, size == self.size || next.isEmpty { return nil }
        var output = "\u{1B}[?25l\r"
        let up = rows(in: size)
        if up > 0 { output += "\u{1B}[\(up)A" }
        if !lines.isEmpty || size != self.size {
            // Lines that may wrap, and a window that may have wrapped what stood there, leave nothing to overwrite
            // exactly. Row by row: what is erased at the top of a window at once, some terminals keep as history.
            output += String(repeating: "\u{1B}[K\n", count: up)
            if up > 0 { output += "\u{1B}[\(up)A" }
        }
        for line in lines { output += line.rendered(inColor: inColor) + "\r\n" }
        output += "\u{1B}[?7l"
        for line in next { output += line.rendered(inColor: inColor) + "\u{1B}[K\r\n" }
        output += "\u{1B}[J\u{1B}[?7h\u{1B}[?25h"
        frame = next
        self.size = size
        return output
    }

    /// Rows the frame takes in a window that may have become narrower: most terminals wrap what no longer fits.
    private func rows(in size: TerminalSize) -> Int {
        let rows = frame.reduce(0) { $0 + max(1, ($1.width + size.columns - 1) / size.columns) }
        return min(rows, size.rows - 1)
    }
}
