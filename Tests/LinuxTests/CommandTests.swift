import Glibc
import Linux
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CommandTests {
    private func shell(_ script: String) -> Command { Command("/bin/sh", ["-c", script]) }

    @Test(arguments: [(0, "exit 0"), (3, "exit 3"), (255, "exit 255")] as [(Int32, String)])
    func exitCodeIsReported(code: Int32, script: String) async throws {
        #expect(try await shell(script).run().status == .exited(code))
    }

    @Test func endBySignalIsReported() async throws {
        #expect(try await shell("kill -TERM $$").run().status == .signalled(SIGTERM))
    }

    @Test func outputAndErrorAreCapturedApart() async throws {
        let result = try await shell("printf out; printf err >&2").run()
        #expect(result.outputText == "out")
        #expect(result.errorText == "err")
        #expect(!result.isTruncated)
    }

    @Test func outputBeyondTheLimitIsDroppedWithoutBlockingTheProgram() async throws {
        var command = shell("head -c 3000000 /dev/zero; echo done >&2")
        command.output = .capture(limit: 1000)
        let result = try await command.run()
        #expect(result.output.count == 1000)
        #expect(result.isTruncated)
        #expect(result.errorText == "done\n")
    }

    @Test func inputLargerThanAPipeArrivesWhole() async throws {
        var command = Command("/usr/bin/sha256sum")
        command.input = .bytes([UInt8](repeating: 97, count: 1_000_000))
        let result = try await command.run()
        #expect(result.outputText.hasPrefix("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"))
    }

    @Test func programThatDoesNotReadItsInputEndsNormally() async throws {
        var command = shell("exit 4")
        command.input = .bytes([UInt8](repeating: 0, count: 1_000_000))
        #expect(try await command.run().status == .exited(4))
    }

    @Test func nothingIsInheritedButWhatIsNamed() async throws {
        // Descriptors that are not close-on-exec must not reach the program either.
        let leaks = (0..<8).map { _ in open("/dev/null", O_RDONLY) }
        defer { leaks.forEach { close($0) } }
        var command = Command("/usr/bin/env", environment: ["A=1", "B=two words"])
        #expect(try await command.run().outputText == "A=1\nB=two words\n")
        command = Command("/bin/ls", ["/proc/self/fd"])
        command.descriptors = [SharedDescriptor(try OwnedDescriptor.open("/dev/null"))]
        let listing = try await command.run().outputText.split(separator: "\n")
        // 0, 1, 2, the one given, and the one ls itself has open.
        #expect(listing == ["0", "1", "2", "3", "4"])
    }

    @Test func workingDirectoryIsTheOneGiven() async throws {
        var command = Command("/bin/pwd")
        command.directory = "/usr"
        #expect(try await command.run().outputText == "/usr\n")
    }

    @Test func missingProgramIsAnErrorWithItsName() async throws {
        let error = await #expect(throws: SystemError.self) { try await Command("/nonexistent/tool").run() }
        #expect(error?.description == "cannot run `/nonexistent/tool`: no such file or directory")
    }

    @Test func deadlineKillsTheWholeGroup() async throws {
        var command = shell("sleep 1000 & echo $!; wait")
        command.deadline = .milliseconds(200)
        let result = try await command.run()
        #expect(result.timedOut)
        #expect(result.status == .signalled(SIGKILL))
        let grandchild = try #require(pid_t(result.outputText.split(separator: "\n").first ?? ""))
        try await expectEnd(of: grandchild)
    }

    @Test func childLeftInTheBackgroundDoesNotHoldTheResult() async throws {
        let result = try await shell("sleep 1000 & echo $!").run()
        #expect(result.status == .exited(0))
        let grandchild = try #require(pid_t(result.outputText.split(separator: "\n").first ?? ""))
        try await expectEnd(of: grandchild)
    }

    @Test func cancellationKillsTheProgram() async throws {
        let child = try await shell("exec sleep 1000").start()
        let task = Task { try await shell("exec sleep 1000").run() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        child.kill()
        #expect(await child.wait() == .signalled(SIGKILL))
    }

    @Test func droppedChildIsKilled() async throws {
        var child: ChildProcess? = try await shell("exec sleep 1000").start()
        let id = try #require(child?.id)
        child = nil
        try await expectEnd(of: id)
    }

    @Test func fileSizeLimitStopsTheProgram() async throws {
        var command = shell("exec head -c 100000 /dev/zero")
        command.limits.fileSize = 1000
        let template = "/tmp/caisson-limit-\(getpid())"
        let file = try OwnedDescriptor.open(FilePath(template), flags: O_RDWR | O_CREAT)
        unlink(template)
        command.output = .descriptor(SharedDescriptor(file))
        #expect(try await command.run().status == .signalled(SIGXFSZ))
    }

    @Test func manyProgramsRunAtOnce() async throws {
        let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for code in 0..<40 {
                group.addTask { try await Command("/bin/sh", ["-c", "exit \(code)"]).run().status.shellCode }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.sorted() == Array(0..<40))
    }

    private func expectEnd(of process: pid_t) async throws {
        while kill(process, 0) == 0, !isZombie(process) { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// The test environment's pid 1 may not reap what it inherits.
    private func isZombie(_ process: pid_t) -> Bool {
        guard let file = try? OwnedDescriptor.open(FilePath("/proc/\(process)/stat")) else { return true }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) ?? 0
        return String(decoding: bytes[..<count], as: UTF8.self).contains(") Z ")
    }
}
