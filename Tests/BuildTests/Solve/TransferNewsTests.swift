import Build
import Testing

struct TransferNewsTests {
    @Test func whatSeveralWaitForIsToldOnce() {
        var news = TransferNews()
        func tell(_ name: String, _ completed: Int64, isFinished: Bool = false) -> Bool {
            news.isNew(Transfer(.pull, name: name, completed: completed, total: 4, isFinished: isFinished))
        }
        #expect(tell("a", 0) && !tell("a", 0) && tell("b", 0))
        #expect(tell("a", 2) && !tell("a", 2) && !tell("a", 1))
        #expect(tell("a", 2, isFinished: true) && !tell("a", 2, isFinished: true))
        // Who joins late hears the begin last.
        #expect(!tell("a", 0) && tell("b", 4))
    }
}
