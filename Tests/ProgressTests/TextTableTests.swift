import Testing
import caisson

struct TextTableTests {
    @Test func columnsAreAsWideAsTheirCellsAreOnATerminal() {
        #expect(
            TextTable.text(["A", "WHAT"], [["日本", "x"], ["abc", ""]]) == "A     WHAT\n日本  x\nabc\n")
    }

    @Test func cellsCannotControlTheTerminal() {
        #expect(TextTable.text(["A", "B"], [["\u{1B}[2Jred\u{7}", "two\nlines"]]) == "A    B\nred  two lines\n")
    }

    @Test func itemsAreDescribedByColumns() {
        #expect(
            TextTable.text(of: [1, 2], ["N": { "\($0)" }, "SQUARE": { "\($0 * $0)" }]) == "N  SQUARE\n1  1\n2  4\n")
    }
}
