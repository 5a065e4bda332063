import Linux
import Testing
import caisson

/// The bytes, as a terminal takes them.
struct TerminalScreenTests {
    static let size = TerminalSize(columns: 20, rows: 6)

    static func lines(_ texts: String...) -> [ScreenLine] { texts.map { ScreenLine($0) } }

    @Test func framesReplaceEachOtherAndLinesStayAboveThem() {
        var terminal = Emulator(columns: 20, rows: 6)
        var screen = TerminalScreen(inColor: false)
        terminal.write("$ caisson build\r\n")
        terminal.write(screen.show(Self.lines("Building", " one", " two"), below: [], size: Self.size) ?? "")
        #expect(terminal.text == ["$ caisson build", "Building", " one", " two"])
        terminal.write(
            screen.show(Self.lines("Building", " two"), below: Self.lines("done one"), size: Self.size) ?? "")
        #expect(terminal.text == ["$ caisson build", "done one", "Building", " two"])
        terminal.write(screen.show(Self.lines("B", " three"), below: [], size: Self.size) ?? "")
        #expect(terminal.text == ["$ caisson build", "done one", "B", " three"])
        terminal.write(screen.show([], below: Self.lines("done two", "Built"), size: Self.size) ?? "")
        #expect(terminal.text == ["$ caisson build", "done one", "done two", "Built"])
        #expect(terminal.unknown.isEmpty)
    }

    @Test func linesLongerThanTheWindowWrapAndAreWhole() {
        var terminal = Emulator(columns: 20, rows: 6)
        var screen = TerminalScreen(inColor: true)
        let long = String(repeating: "0123456789", count: 5)
        terminal.write(screen.show(Self.lines("Building", " one"), below: [], size: Self.size) ?? "")
        terminal.write(screen.show(Self.lines("Building"), below: Self.lines(long, "end"), size: Self.size) ?? "")
        #expect(terminal.text == ["01234567890123456789", "01234567890123456789", "0123456789", "end", "Building"])
        let many = (0..<20).map { ScreenLine("line \($0)") }
        terminal.write(screen.show(Self.lines("Building", " two"), below: many, size: Self.size) ?? "")
        #expect(Array(terminal.text.suffix(22)) == (0..<20).map { "line \($0)" } + ["Building", " two"])
    }

    @Test func terminalIsLeftAsItWasAfterEveryWrite() {
        var screen = TerminalScreen(inColor: true)
        for count in [3, 1, 5, 0] {
            var terminal = Emulator(columns: 20, rows: 6)
            let frame = (0..<count).map { ScreenLine("line \($0)", .bad) }
            let output = screen.show(frame, below: Self.lines("stays"), size: Self.size) ?? ""
            terminal.write(output)
            #expect(terminal.isCursorVisible && terminal.wraps && terminal.isAtLineStart)
        }
    }

    @Test func nothingIsWrittenWhenNothingChanges() {
        var screen = TerminalScreen(inColor: false)
        #expect(screen.show([], below: [], size: Self.size) == nil)
        #expect(screen.show(Self.lines("a"), below: [], size: Self.size) != nil)
        #expect(screen.show(Self.lines("a"), below: [], size: Self.size) == nil)
        #expect(screen.show(Self.lines("a"), below: [], size: TerminalSize(columns: 10, rows: 6)) != nil)
    }

    /// A terminal that got narrower has wrapped the frame: three lines of 15 columns take six rows of 10.
    @Test func narrowerWindowIsClearedOfTheWrappedFrame() {
        var screen = TerminalScreen(inColor: false)
        let line = String(repeating: "x", count: 15)
        _ = screen.show(Self.lines(line, line, line), below: [], size: TerminalSize(columns: 20, rows: 9))
        var terminal = Emulator(columns: 10, rows: 9)
        terminal.write("$ build\r\n")
        for _ in 0..<3 { terminal.write(line + "\r\n") }
        terminal.write(screen.show(Self.lines("y"), below: [], size: TerminalSize(columns: 10, rows: 9)) ?? "")
        #expect(terminal.text == ["$ build", "y"])
    }
}
