import Linux
import Sandbox
import Testing

struct SeccompFilterTests {
    private let filter = SeccompFilter.native

    /// What the kernel would answer: runs the program as the kernel does, on a call's number and arguments.
    private func answer(_ number: UInt32, _ arguments: [UInt64] = [], architecture: UInt32? = nil) -> UInt32 {
        var data = [UInt32](repeating: 0, count: 16)
        data[0] = number
        data[1] = architecture ?? SystemCall.auditArchitecture
        for (index, argument) in arguments.enumerated() {
            data[4 + 2 * index] = UInt32(truncatingIfNeeded: argument)
            data[5 + 2 * index] = UInt32(argument >> 32)
        }
        var accumulator: UInt32 = 0
        var place = 0
        while true {
            let instruction = filter.instructions[place]
            place += 1
            func jump(_ condition: Bool) { place += Int(condition ? instruction.ifTrue : instruction.ifFalse) }
            switch instruction.code {
            case 0x20: accumulator = data[Int(instruction.operand) / 4]
            case 0x05: place += Int(instruction.operand)
            case 0x15: jump(accumulator == instruction.operand)
            case 0x35: jump(accumulator >= instruction.operand)
            case 0x45: jump(accumulator & instruction.operand != 0)
            case 0x06: return instruction.operand
            default: fatalError("instruction \(instruction.code)")
            }
        }
    }

    private let allow: UInt32 = 0x7fff_0000
    private func error(_ number: UInt32) -> UInt32 { 0x0005_0000 | number }
    private func number(_ name: String) throws -> UInt32 { try #require(SystemCall.numbers[name]) }

    @Test func everyNameOfThePolicyGetsItsVerdictAndNothingElseIsThere() throws {
        let checked = ["clone", "personality", "socket", "socketpair"]
        var verdicts: [UInt32: UInt32] = [:]
        for name in SystemCallPolicy.allowed { if let number = SystemCall.numbers[name] { verdicts[number] = allow } }
        for name in SystemCallPolicy.refused {
            if let number = SystemCall.numbers[name] { verdicts[number] = error(1) }
        }
        let skipped = try Set(checked.map { try number($0) })
        for number: UInt32 in 0...1024 where !skipped.contains(number) {
            #expect(answer(number) == verdicts[number] ?? error(38), "system call \(number)")
        }
    }

    @Test func policyNamesNoCallTwice() {
        let names = SystemCallPolicy.allowed + SystemCallPolicy.refused
        #expect(Set(names).count == names.count)
    }

    @Test func callsOfAnotherArchitectureEndTheProcess() {
        #expect(answer(1, architecture: 0x4000_0003) == 0x8000_0000)
    }

    @Test func callsOfTheThirdAMD64InterfaceAreNotThere() {
        #expect(answer(0x4000_0001) == error(38))
        #expect(answer(.max) == error(38))
    }

    @Test(
        arguments: [
            (0x0120_0011, true), (0x003d_0f00, true), (0x4111, true), (0x1000_0011, false), (0x0002_0011, false),
            (0x4000_0011, false), (0x0200_0011, false), (0x2000_0011, false), (0x0400_0011, false),
            (0x0800_0011, false),
        ] as [(UInt64, Bool)])
    func cloneMakesThreadsAndProcessesButNoNamespaces(flags: UInt64, isAllowed: Bool) throws {
        #expect(answer(try number("clone"), [flags]) == (isAllowed ? allow : error(1)))
    }

    @Test(
        arguments: [
            (1, 0, nil), (2, 0, nil), (10, 0, nil), (16, 0, nil), (16, 15, nil), (16, 9, 93), (16, 12, 93), (38, 0, 97),
            (40, 0, 97), (17, 0, 97), (3, 0, 97),
        ] as [(UInt64, UInt64, UInt32?)])
    func socketsAreOfFamiliesThatStayInTheNamespace(family: UInt64, protocolNumber: UInt64, refusal: UInt32?) throws {
        #expect(answer(try number("socket"), [family, 1, protocolNumber]) == refusal.map(error) ?? allow)
    }

    @Test(
        arguments: [(0, true), (0x8, true), (0xffff_ffff, true), (0x0004_0000, false), (1, false)] as [(UInt64, Bool)])
    func personalityStaysLinux(value: UInt64, isAllowed: Bool) throws {
        #expect(answer(try number("personality"), [value]) == (isAllowed ? allow : error(1)))
    }
}
