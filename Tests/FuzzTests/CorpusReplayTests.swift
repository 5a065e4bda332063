import Foundation
import FuzzTargets
import Testing

/// Runs every input the fuzzer kept: what it found once, and what reaches the corners of the readers.
@Suite(.timeLimit(.minutes(5))) struct CorpusReplayTests {
    /// An input by its place below the corpus.
    struct Input: Sendable, CustomTestStringConvertible {
        let target: FuzzTarget
        let name: String
        let bytes: [UInt8]

        var testDescription: String { "\(target.rawValue)/\(name)" }
    }

    static let inputs: [Input] = {
        let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
        return FuzzTarget.allCases.flatMap { target in
            let folder = corpus.appending(path: target.rawValue)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().compactMap { name in
                (try? Data(contentsOf: folder.appending(path: name))).map {
                    Input(target: target, name: name, bytes: Array($0))
                }
            }
        }
    }()

    @Test(arguments: FuzzTarget.allCases) func everyTargetHasACorpus(target: FuzzTarget) {
        #expect(Self.inputs.count { $0.target == target } >= 20)
    }

    @Test func corpusStaysSmall() {
        #expect(Self.inputs.reduce(0) { $0 + $1.bytes.count } <= 300 << 10)
    }

    @Test(arguments: FuzzTarget.allCases) func everyInputIsRead(target: FuzzTarget) {
        for input in Self.inputs where input.target == target {
            #expect(throws: Never.self, "\(input.name)") { try input.target.run(input.bytes) }
        }
    }

    /// Eight times the input may take somewhat more than eight times as long, but not sixty-four times.
    @Test(arguments: FuzzTarget.allCases) func timeGrowsWithLength(target: FuzzTarget) throws {
        for input in Self.sample(of: target) {
            let short = target.repetitions(of: input.bytes, length: 4 << 10)
            let long = target.repetitions(of: input.bytes, length: 32 << 10)
            for (short, long) in zip(short, long) {
                let growth = Double(long.count) / Double(short.count)
                let before = try ProcessorTime.least(of: 2) { try target.run(short) }
                let after = try ProcessorTime.least(of: 1) { try target.run(long) }
                // Below some tenths of a second caches and the allocator are what is measured.
                #expect(after < max(0.3, 4 * growth * before), "\(input.name) takes \(before) s and \(after) s")
            }
        }
    }

    /// All findings and some of the rest.
    private static func sample(of target: FuzzTarget) -> [Input] {
        let all = inputs.filter { $0.target == target }
        let step = max(1, all.count / 10)
        return all.enumerated().filter { $0.offset % step == 0 || $0.element.name.hasPrefix("found") }.map(\.element)
    }
}

/// Time of this thread on a processor, which other tests do not add to.
private enum ProcessorTime {
    static func least(of attempts: Int, _ body: () throws -> Void) throws -> Double {
        try (0..<attempts).map { _ in
            let start = now
            try body()
            return now - start
        }.min() ?? 0
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
