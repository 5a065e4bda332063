// libFuzzer with our readers behind it; `script/fuzz` builds and calls it. https://llvm.org/docs/LibFuzzer.html
//
// The target comes in CAISSON_FUZZ_TARGET, as libFuzzer starts itself again with its own arguments.

import CLibFuzzer
import FuzzTargets
import Glibc

enum FuzzDriver {
    static let target: FuzzTarget = {
        guard let name = getenv("CAISSON_FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
            fatalError("CAISSON_FUZZ_TARGET names one of: \(FuzzTarget.allCases.map(\.rawValue))")
        }
        return target
    }()

    /// One in so many inputs is also run repeated to this length.
    private static let repetitionInterval: UInt64 = 512
    private static let repeatedLength = 64 << 10
    /// Seconds. Linear work takes a few hundredths of it, quadratic work much more.
    private static let repeatedTime = 2.0

    static func run(_ input: [UInt8]) {
        do throws(BrokenPromise) {
            try target.run(input)
            guard isChosen(input) else { return }
            for repeated in target.repetitions(of: input, length: repeatedLength) {
                let start = processorTime()
                try target.run(repeated)
                let time = processorTime() - start
                guard time < repeatedTime else { fatalError("\(repeated.count) bytes of repetitions took \(time) s") }
            }
        } catch {
            fatalError("\(error)")
        }
    }

    /// By the input alone, so that a finding stays one.
    private static func isChosen(_ input: [UInt8]) -> Bool {
        let hash = input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (hash >> 20) % repetitionInterval == 0
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// libFuzzer's `main` calls this for every input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzDriver.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// Archives get their checksums back after a mutation, or nearly every one would end at its first header.
@_cdecl("LLVMFuzzerCustomMutator")
func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int, _ seed: UInt32) -> Int {
    let newSize = LLVMFuzzerMutate(data, size, maximum)
    if FuzzDriver.target == .tar, !seed.isMultiple(of: 16) {
        TarSealing.seal(UnsafeMutableBufferPointer(start: data, count: newSize))
    }
    return newSize
}
