import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

/// What a step reads: nothing, a stream, or a terminal somebody sits at.
@Suite(.serialized, .enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxInputTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ spec: SandboxSpec, _ input: SandboxInput, _ collector: OutputCollector) async throws
        -> SandboxExit
    {
        let supervisor = try await SandboxSupervisor.forTests()
        do {
            let exit = try await supervisor.run(spec, root: try root.mount(), input: input) { collector.add($0) }
            await supervisor.stop()
            return exit
        } catch {
            await supervisor.stop()
            throw error
        }
    }

    // MARK: Streams

    @Test func streamIsReadToItsEnd() async throws {
        let text = String(repeating: "some line\n", count: 100_000)
        root.write("input", text)
        let file = SharedDescriptor(try OwnedDescriptor.open(root.directory.appending("input"), flags: O_RDONLY))
        let collector = OutputCollector()
        let exit = try await run(.script("cat; test -p /dev/stdin && echo pipe"), .stream(file), collector)
        #expect(exit.isSuccess)
        #expect(collector.text(.standardOutput) == text + "pipe\n")
    }

    @Test func directoryOfTheHostIsNoWayOut() async throws {
        let directory = SharedDescriptor(try OwnedDescriptor.open("/", flags: OpenFlags.directory))
        let collector = OutputCollector()
        _ = try await run(.script("ls /proc/self/fd/0/; cat | wc -c"), .stream(directory), collector)
        #expect(collector.text(.standardOutput).hasSuffix("0\n"))
        #expect(!collector.text(.standardOutput).contains("etc"))
    }

    @Test func stepThatReadsNothingEndsWhileTheStreamDoesNot() async throws {
        let pipe = try Pipe()
        let collector = OutputCollector()
        let exit = try await run(.script("head -c 1 > /dev/null; echo done"), .stream(pipe.reader), collector) {
            _ = write(pipe.writer.rawValue, "abc", 3)
        }
        #expect(exit.isSuccess)
        #expect(collector.text(.standardOutput) == "done\n")
    }

    private func run(
        _ spec: SandboxSpec, _ input: SandboxInput, _ collector: OutputCollector, meanwhile: () async throws -> Void
    ) async throws -> SandboxExit {
        async let exit = run(spec, input, collector)
        try await meanwhile()
        return try await exit
    }

    // MARK: Terminals

    @Test func programHasATerminalOfItsOwn() async throws {
        let seat = try Seat()
        let collector = OutputCollector()
        seat.resize(columns: 123, rows: 45)
        let script = """
            test -t 0 && test -t 1 && test -t 2 && echo all; readlink /proc/self/fd/0; stty size 2>/dev/null
            echo here > /dev/tty; ls /dev/pts; exit 7
            """
        let exit = try await run(.script(script), .terminal(seat.terminal), collector)
        #expect(exit.code == 7)
        let output = collector.text(.standardOutput)
        #expect(output.hasPrefix("all\r\n/dev/pts/0\r\n45 123\r\nhere\r\n"), "\(output)")
        #expect(collector.text(.standardError) == "")
        #expect(seat.isAsItWas)
    }

    @Test func whatIsTypedReachesTheProgramRaw() async throws {
        let seat = try Seat()
        let collector = OutputCollector()
        let script = "trap 'echo interrupted' INT; echo ready; read -r line; echo got $line; read -r more; echo end"
        let exit = try await run(.script(script), .terminal(seat.terminal), collector) {
            try await collector.wait(for: "ready")
            #expect(!seat.isAsItWas)
            seat.type("hello\r")
            try await collector.wait(for: "got hello")
            seat.type("\u{3}\r")
            try await collector.wait(for: "interrupted")
        }
        #expect(exit.code == 0)
        #expect(seat.isAsItWas)
    }

    @Test func windowOfTheProgramFollowsOurs() async throws {
        let seat = try Seat()
        let collector = OutputCollector()
        let script = "trap 'stty size; exit 3' WINCH; echo ready; while true; do sleep 0.05; done"
        let exit = try await run(.script(script), .terminal(seat.terminal), collector) {
            try await collector.wait(for: "ready")
            seat.resize(columns: 66, rows: 22)
            // Our terminal is not the one this process was started from.
            kill(getpid(), SIGWINCH)
        }
        #expect(exit.code == 3)
        #expect(collector.text(.standardOutput).contains("22 66"))
    }

    @Test func terminalIsGivenBackWhenAStepCannotStart() async throws {
        let seat = try Seat()
        var spec = SandboxSpec.script("")
        spec.arguments = ["/bin/absent"]
        let error = await #expect(throws: SandboxError.self) {
            _ = try await run(spec, .terminal(seat.terminal), OutputCollector())
        }
        #expect(error?.code == .notExecutable)
        #expect(seat.isAsItWas)
    }

    @Test func terminalIsGivenBackWhenAStepIsKilled() async throws {
        for way in ["cancelled", "timed out"] {
            let seat = try Seat()
            let collector = OutputCollector()
            var spec = SandboxSpec.script("echo ready; sleep 100")
            if way == "timed out" { spec.limits.time = .seconds(1) }
            let task = Task { [spec] in try await run(spec, .terminal(seat.terminal), collector) }
            try await collector.wait(for: "ready")
            if way == "cancelled" { task.cancel() }
            let result = await task.result
            if way == "cancelled" {
                #expect(throws: CancellationError.self) { try result.get() }
            } else {
                #expect(try result.get().cause == .timedOut)
            }
            #expect(seat.isAsItWas, "\(way)")
        }
    }

    @Test func muchOutputArrivesWhole() async throws {
        let seat = try Seat()
        let collector = OutputCollector()
        let exit = try await run(.script("seq 1 50000"), .terminal(seat.terminal), collector)
        #expect(exit.isSuccess)
        #expect(collector.text(.standardOutput) == (1...50000).map { "\($0)\r\n" }.joined())
    }
}

/// A terminal with somebody at it.
private final class Seat: Sendable {
    let terminal: Terminal
    private let keyboard: SharedDescriptor
    private let before: [UInt8]

    init() throws {
        let master = try OwnedDescriptor.open("/dev/ptmx", flags: O_RDWR | O_NOCTTY)
        var (lock, number): (CInt, CInt) = (0, 0)
        try #require(ioctl(master.rawValue, 0x4004_5431, &lock) == 0, "TIOCSPTLCK")
        try #require(ioctl(master.rawValue, 0x8004_5430, &number) == 0, "TIOCGPTN")
        keyboard = SharedDescriptor(master)
        let slave = try OwnedDescriptor.open(FilePath("/dev/pts/\(number)"), flags: O_RDWR | O_NOCTTY)
        terminal = Terminal(descriptor: SharedDescriptor(slave))
        before = Self.mode(of: terminal)
    }

    var isAsItWas: Bool { Self.mode(of: terminal) == before }

    func type(_ text: String) { _ = write(keyboard.rawValue, text, text.utf8.count) }

    func resize(columns: Int, rows: Int) {
        try? terminal.resize(to: TerminalSize(columns: columns, rows: rows))
    }

    private static func mode(of terminal: Terminal) -> [UInt8] {
        var mode = termios()
        tcgetattr(terminal.descriptor.rawValue, &mode)
        return [mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag].flatMap { flags in
            withUnsafeBytes(of: flags) { Array($0) }
        }
    }
}

extension OutputCollector {
    /// Waits until a text has been written.
    fileprivate func wait(for text: String) async throws {
        for _ in 0..<3000 where !self.text(.standardOutput).contains(text) {
            try await Task.sleep(for: .milliseconds(10))
        }
        try #require(self.text(.standardOutput).contains(text))
    }
}
