import Foundation
import Pipeline
import Runs
import SystemPackage
import Testing

@Suite struct LogTests {
    static let limit = ByteCount(bytes: 1 << 20)

    static func text(_ segments: [LogComposer.Segment]) -> String {
        String(decoding: segments.flatMap(\.bytes), as: UTF8.self)
    }

    @Test func stepsThatRunTogetherKeepTheirLinesWhole() {
        var composer = LogComposer(limit: Self.limit)
        var segments = composer.start("a", name: "RUN a").segments
        segments += composer.output("a", Array("one\ntw".utf8))
        segments += composer.start("b", name: "RUN b").segments
        segments += composer.output("a", Array("o\nthr".utf8))
        segments += composer.output("b", Array("x\n".utf8))
        segments += composer.output("a", Array("ee\n".utf8))
        segments += composer.finish("b", verdict: "done")?.segments ?? []
        segments += composer.output("a", Array("end".utf8))
        segments += composer.finish("a", verdict: "failed")?.segments ?? []
        #expect(
            Self.text(segments) == """
                #1 RUN a
                one
                tw
                #2 RUN b
                #1 RUN a
                o
                #2 RUN b
                x
                #1 RUN a
                three
                #2 done
                #1 RUN a
                end
                #1 failed

                """)
        #expect(Self.text(segments.filter { $0.step == 1 }) == "one\ntwo\nthree\nend")
        #expect(Self.text(segments.filter { $0.step == 2 }) == "x\n")
    }

    @Test func outputOfAStepAloneIsNotHeldBack() {
        var composer = LogComposer(limit: Self.limit)
        _ = composer.start("a", name: "RUN a")
        #expect(Self.text(composer.output("a", Array("50%".utf8))) == "50%")
    }

    @Test func endlessLineIsNotHeldInMemory() {
        var composer = LogComposer(limit: Self.limit)
        _ = composer.start("a", name: "a")
        _ = composer.start("b", name: "b")
        #expect(composer.output("a", [UInt8](repeating: 0x41, count: 5000)).isEmpty)
        #expect(
            composer.output("a", [UInt8](repeating: 0x41, count: 5000)).contains {
                $0.step == 1 && $0.bytes.count == 10000
            })
    }

    @Test func outputBeyondTheLimitIsLeftOutOnce() {
        var composer = LogComposer(limit: ByteCount(bytes: 10))
        _ = composer.start("a", name: "a")
        let segments = composer.output("a", Array("12345678901234".utf8)) + composer.output("a", Array("more".utf8))
        #expect(Self.text(segments.filter { $0.step == 1 }) == "1234567890")
        #expect(Self.text(segments).contains("limit of 10B"))
        #expect(Self.text(composer.finish("a", verdict: "done")?.segments ?? []) == "#1 done\n")
    }

    @Test func namesCannotBreakTheText() {
        var composer = LogComposer(limit: Self.limit)
        #expect(Self.text(composer.start("a", name: "RUN a\n#9 done\u{1B}[2J").segments) == "#1 RUN a #9 done [2J\n")
    }

    static func read(_ reading: RunLogReading) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await reading.next() { bytes += piece }
        return bytes
    }

    @Test(.timeLimit(.minutes(1))) func bytesOfAStepComeBackExactly() async throws {
        try await withFolder { folder in
            let logs = RunLogs(folder: folder.appending("logs"))
            let claim = RunClaim(run: RunID(7), attempt: 1)
            let writer = try await logs.writer(for: claim, limit: ByteCount(bytes: 1 << 30), at: start)
            var written: [String: [UInt8]] = [:]
            for step in ["a", "b", "c"] { try await writer.start(step, name: "step \(step)", at: start) }
            var random = SystemRandomNumberGenerator()
            for _ in 0..<200 {
                let step = ["a", "b", "c"][Int(random.next() % 3)]
                let bytes = (0..<Int(random.next() % 3000)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                written[step, default: []] += bytes
                try await writer.append(bytes, to: step, at: start)
            }
            try await writer.close(at: start)
            for (step, bytes) in written {
                #expect(try await Self.read(RunLogReading(logs, of: claim.run, step: "STEP \(step)")) == bytes)
            }
            let all = try await Self.read(RunLogReading(logs, of: claim.run))
            let half = try await Self.read(RunLogReading(logs, of: claim.run, from: 1000))
            #expect(Array(all[1000...]) == half)
        }
    }

    @Test func nextAttemptGoesOnInTheSameLog() async throws {
        try await withFolder { folder in
            let run = RunID(7)
            do {
                let logs = RunLogs(folder: folder)
                let writer = try await logs.writer(for: RunClaim(run: run, attempt: 1), limit: Self.limit, at: start)
                try await writer.start("a", name: "RUN a", at: start)
                try await writer.append(Array("half a line".utf8), to: "a", at: start)
            }
            let events = folder.appending("7").appending("events.jsonl").string
            let handle = try #require(FileHandle(forWritingAtPath: events))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(#"{"event":"step-out"#.utf8))
            try handle.close()
            let logs = RunLogs(folder: folder)
            let writer = try await logs.writer(for: RunClaim(run: run, attempt: 2), limit: Self.limit, at: at(1))
            try await writer.start("a", name: "RUN a", at: at(1))
            try await writer.append(Array("whole\n".utf8), to: "a", at: at(1))
            try await writer.finish(
                StepRecord(id: "a", name: "RUN a", status: .succeeded, startedAt: at(1), duration: .milliseconds(1250)),
                at: at(2))
            try await writer.close(at: at(2))
            let text = String(decoding: try await Self.read(RunLogReading(logs, of: run)), as: UTF8.self)
            #expect(text == "#1 RUN a\nhalf a line\nattempt 2\n#2 RUN a\nwhole\n#2 done in 1.3 s\n")
            #expect(try await Self.read(RunLogReading(logs, of: run, step: "2")) == Array("whole\n".utf8))
            #expect(try await Self.read(RunLogReading(logs, of: run, step: "1")) == Array("half a line".utf8))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [nil, "RUN a"]) func followingEndsWithTheRun(step: String?) async throws {
        try await withFolder { folder in
            let logs = RunLogs(folder: folder)
            let run = RunID(1)
            let state = RunState()
            let reading = RunLogReading(logs, of: run, step: step) { await state.isEnded }
            async let followed = Self.read(reading)
            let writer = try await logs.writer(for: RunClaim(run: run, attempt: 1), limit: Self.limit, at: start)
            try await writer.start("a", name: "RUN a", at: start)
            for number in 0..<50 { try await writer.append(Array("\(number)\n".utf8), to: "a", at: start) }
            try await writer.close(at: start)
            await state.end()
            logs.announce(run)
            let lines = (0..<50).map { "\($0)\n" }.joined()
            #expect(try await String(decoding: followed, as: UTF8.self) == (step == nil ? "#1 RUN a\n" : "") + lines)
        }
    }

    @Test(.timeLimit(.minutes(1))) func followingEndsWhenItsReaderLeaves() async throws {
        try await withFolder { folder in
            let logs = RunLogs(folder: folder)
            let task = Task { try await Self.read(RunLogReading(logs, of: RunID(1)) { false }) }
            task.cancel()
            let bytes = try await task.value
            #expect(bytes.isEmpty)
        }
    }

    @Test func runWithoutLogIsEmpty() async throws {
        try await withFolder { folder in
            let bytes = try await Self.read(RunLogReading(RunLogs(folder: folder), of: RunID(1)))
            #expect(bytes.isEmpty)
        }
    }
}

private actor RunState {
    private(set) var isEnded = false
    func end() { isEnded = true }
}
