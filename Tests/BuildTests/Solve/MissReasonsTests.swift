import Build
import OCI
import Synchronization
import Testing

struct MissReasonsTests {
    /// A stack of steps, all of the same stage; the first takes a file of that content.
    private func journal(of count: Int, content: String) throws -> BuildJournal {
        let count64 = Int64(count)
        let steps = (0..<count64).map { index -> JSON in
            var step: JSONObject = [
                "stage": "0", "title": .string("STEP \(index)"), "keyword": "RUN", "index": .integer(index),
                "count": .integer(count64), "key": .string("\(content) \(index)"), "ingredients": ["run": [:]],
                "inputs": [["step": .integer(index - 1)]],
            ]
            if index == 0 {
                let files: JSON = ["digest": .string(content), "list": [.string("a file \(content)")]]
                step["ingredients"] = ["copy": [:], "files": files]
                step["inputs"] = []
            }
            return .object(step)
        }
        return try BuildJournal(parsing: (["entries": .array(steps)] as JSON).canonicalBytes)
    }

    @Test func aStepIsLookedAtAFewTimesHoweverManyStandOnIt() throws {
        let count = 400
        let now = try journal(of: count, content: "new")
        let reasons = MissReasons(BuildHistory(previous: try journal(of: count, content: "old")))
        let looks = Mutex(0)
        for (place, entry) in now.entries.enumerated() {
            let changes = reasons.changes(of: entry) { other in
                looks.withLock { $0 += 1 }
                return now.entries[other]
            }
            #expect(
                changes
                    == [place == 0 ? "file a changed" : "an earlier step changed: 0/\(count) STEP 0 (file a changed)"])
        }
        #expect(looks.withLock { $0 } <= 3 * count)
    }

    /// Steps behind one that has a result by its content are not asked for until a later one misses.
    @Test func aReasonIsFoundAtTheBottomOfADeepStack() throws {
        let count = 5_000
        let now = try journal(of: count, content: "new")
        let reasons = MissReasons(BuildHistory(previous: try journal(of: count, content: "old")))
        #expect(
            reasons.changes(of: now.entries[count - 1]) { now.entries[$0] }
                == ["an earlier step changed: 0/\(count) STEP 0 (file a changed)"])
    }
}
