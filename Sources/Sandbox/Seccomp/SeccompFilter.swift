/// A seccomp filter: a classic BPF program over `struct seccomp_data` (seccomp(2), linux/seccomp.h).
///
/// The runtime would build one from names at every start, 14 ms of a step's 20; this is built once. The number of the
/// call is looked up by halving, so a call costs eight comparisons instead of a hundred.
package struct SeccompFilter: Sendable {
    /// `struct sock_filter`.
    package struct Instruction: Hashable, Sendable {
        package var code: UInt16
        package var ifTrue: UInt8 = 0
        package var ifFalse: UInt8 = 0
        package var operand: UInt32
    }

    package let instructions: [Instruction]

    /// What a call meets: the end of the program for it.
    enum Verdict: Hashable {
        case allow
        case error(UInt32)
        case check(Check)
    }

    /// Calls decided by their arguments.
    enum Check: Hashable {
        case namespaceFlags
        case personality
        case socket
    }

    private enum Code {
        static let load: UInt16 = 0x20
        static let jump: UInt16 = 0x05
        static let jumpIfEqual: UInt16 = 0x15
        static let jumpIfAtLeast: UInt16 = 0x35
        static let jumpIfSet: UInt16 = 0x45
        static let end: UInt16 = 0x06
    }

    private enum Offset {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        /// The low half of an argument on little-endian machines.
        static func argument(_ index: UInt32) -> UInt32 { 16 + 8 * index }
    }

    private enum Action {
        static let allow: UInt32 = 0x7fff_0000
        static let error: UInt32 = 0x0005_0000
        static let killProcess: UInt32 = 0x8000_0000
    }

    enum ErrorNumber {
        static let notPermitted: UInt32 = 1
        static let noSuchCall: UInt32 = 38
        static let noProtocol: UInt32 = 93
        static let noFamily: UInt32 = 97
    }

    /// `verdicts` by number; calls without one are not there. Calls of another architecture, whose numbers mean
    /// something else, end the process.
    init(architecture: UInt32, verdicts: [UInt32: Verdict]) {
        var program = [
            Instruction(code: Code.load, operand: Offset.architecture),
            Instruction(code: Code.jumpIfEqual, ifTrue: 1, operand: architecture),
            Instruction(code: Code.end, operand: Action.killProcess),
            Instruction(code: Code.load, operand: Offset.number),
        ]
        program += Self.search(Self.ranges(verdicts)[...])
        instructions = program
    }

    /// The whole number line as ranges of one verdict each: where each begins.
    private static func ranges(_ verdicts: [UInt32: Verdict]) -> [(start: UInt32, verdict: Verdict)] {
        let missing = Verdict.error(ErrorNumber.noSuchCall)
        var ranges: [(start: UInt32, verdict: Verdict)] = [(0, missing)]
        func begin(_ start: UInt32, _ verdict: Verdict) {
            if ranges[ranges.count - 1].start == start { ranges.removeLast() }
            if ranges.last?.verdict != verdict { ranges.append((start, verdict)) }
        }
        for (number, verdict) in verdicts.sorted(by: { $0.key < $1.key }) {
            begin(number, verdict)
            begin(number + 1, missing)
        }
        return ranges
    }

    private static func search(_ ranges: ArraySlice<(start: UInt32, verdict: Verdict)>) -> [Instruction] {
        guard ranges.count > 1 else { return ranges.first.map { program(for: $0.verdict) } ?? [] }
        let middle = ranges.startIndex + ranges.count / 2
        let lower = search(ranges[..<middle])
        let upper = search(ranges[middle...])
        let start = ranges[middle].start
        // A conditional jump reaches 255 instructions; a plain one reaches all.
        guard let distance = UInt8(exactly: lower.count) else {
            return [
                Instruction(code: Code.jumpIfAtLeast, ifFalse: 1, operand: start),
                Instruction(code: Code.jump, operand: UInt32(lower.count)),
            ] + lower + upper
        }
        return [Instruction(code: Code.jumpIfAtLeast, ifTrue: distance, operand: start)] + lower + upper
    }

    private static func program(for verdict: Verdict) -> [Instruction] {
        switch verdict {
        case .allow: [Instruction(code: Code.end, operand: Action.allow)]
        case .error(let number): [Instruction(code: Code.end, operand: Action.error | number)]
        case .check(.namespaceFlags):
            [
                Instruction(code: Code.load, operand: Offset.argument(0)),
                Instruction(code: Code.jumpIfSet, ifFalse: 1, operand: SystemCallPolicy.namespaceFlags),
            ] + program(for: .error(ErrorNumber.notPermitted)) + program(for: .allow)
        case .check(.personality):
            choice(
                argument: 0, among: SystemCallPolicy.personalities, then: program(for: .allow),
                otherwise: program(for: .error(ErrorNumber.notPermitted)))
        case .check(.socket):
            choice(
                argument: 0, among: SystemCallPolicy.addressFamilies.filter { $0 != netlink },
                then: program(for: .allow),
                otherwise: choice(
                    argument: 0, among: [netlink],
                    then: choice(
                        argument: 2, among: SystemCallPolicy.netlinkProtocols, then: program(for: .allow),
                        otherwise: program(for: .error(ErrorNumber.noProtocol))),
                    otherwise: program(for: .error(ErrorNumber.noFamily))))
        }
    }

    private static let netlink: UInt32 = 16

    private static func choice(
        argument: UInt32, among values: [UInt32], then: [Instruction], otherwise: [Instruction]
    ) -> [Instruction] {
        let tests = values.enumerated().map { index, value in
            Instruction(
                code: Code.jumpIfEqual, ifTrue: UInt8(values.count - 1 - index + otherwise.count), operand: value)
        }
        return [Instruction(code: Code.load, operand: Offset.argument(argument))] + tests + otherwise + then
    }
}
