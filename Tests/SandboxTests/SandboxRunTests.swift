import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxRunTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ spec: SandboxSpec, upper: String? = nil) async throws -> StepResult {
        let supervisor = try await SandboxSupervisor.forTests()
        do {
            let result = try await supervisor.run(spec, in: root, upper: upper)
            await supervisor.stop()
            return result
        } catch {
            await supervisor.stop()
            throw error
        }
    }

    @Test(arguments: [0, 1, 42, 125, 255] as [Int32])
    func exitCodeIsThatOfTheProgram(code: Int32) async throws {
        let exit = try await run(.script("exit \(code)")).exit
        #expect(exit.code == code)
        #expect(exit.cause == .exited)
    }

    @Test func outputArrivesByteForByteInOrder() async throws {
        let script = "printf 'a\\000b\\377'; printf err >&2; for i in $(seq 1 20000); do echo $i; done"
        let supervisor = try await SandboxSupervisor.forTests()
        let collector = OutputCollector()
        let exit = try await supervisor.run(.script(script), root: try root.mount()) { collector.add($0) }
        await supervisor.stop()
        #expect(exit.code == 0)
        let expected: [UInt8] = [97, 0, 98, 255] + (1...20000).flatMap { (number: Int) in Array("\(number)\n".utf8) }
        #expect(collector.bytes(.standardOutput) == expected)
        #expect(collector.text(.standardError) == "err")
    }

    @Test func environmentIsExactlyTheOneGiven() async throws {
        var spec = SandboxSpec.script("")
        spec.arguments = ["/bin/env"]
        spec.environment = ["PATH=/bin", "B=2 words", "A=1", "EMPTY=", "HOME=/work"]
        #expect(try await run(spec).output == "PATH=/bin\nB=2 words\nA=1\nEMPTY=\nHOME=/work\n")
    }

    @Test func homeIsThatOfTheUserUnlessGiven() async throws {
        root.write("root/etc/passwd", "root:x:0:0::/work/root:/bin/sh\n")
        #expect(try await run(.script("echo $HOME")).output == "/work/root\n")
    }

    @Test func programIsSearchedInThePathOfTheStep() async throws {
        var spec = SandboxSpec.script("")
        spec.arguments = ["id", "-u"]
        #expect(try await run(spec).output == "0\n")
    }

    @Test func userAndGroupsAreTheOnesGiven() async throws {
        var spec = SandboxSpec.script("id -u; id -g; grep -E '^(Groups|CapEff|CapPrm)' /proc/self/status; pwd; umask")
        spec.user = .init(uid: 1000, gid: 100, supplementaryGroups: [7, 8])
        spec.workingDirectory = "/work"
        let lines = try await run(spec).output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        #expect(lines[0] == ["1000"])
        #expect(lines[1] == ["100"])
        #expect(lines[2].last?.split(separator: " ").map(String.init).sorted() == ["100", "7", "8"])
        #expect(lines[3] == ["CapPrm:", "0000000000000000"])
        #expect(lines[4] == ["CapEff:", "0000000000000000"])
        #expect(lines[5] == ["/work"])
        #expect(lines[6] == ["0022"])
    }

    @Test func identityIsTheSameOnEveryHost() async throws {
        let script = "hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf"
        #expect(
            try await run(.script(script)).output
                == "build\nbuild\n127.0.0.1 localhost build\n::1 localhost ip6-localhost ip6-loopback\n")
    }

    @Test func onlyWhatTheStepChangedIsInTheUpperDirectory() async throws {
        _ = try await run(.script("touch /work/made; chown 5:7 /work/made"), upper: "upper")
        let listing = try await Command(
            "/usr/bin/find", ["\(root.directory)/upper/files", "-mindepth", "1", "-printf", "%P %U:%G\\n"]
        ).run().outputText
        #expect(listing.split(separator: "\n").sorted() == ["work 1000000:1000000", "work/made 1000005:1000007"])
    }

    @Test func mountsShowWhatTheyAreGiven() async throws {
        root.make("root/cache")
        root.make("root/run/secrets")
        root.write("root/etc/one", "image")
        root.make("shared")
        chown("\(root.directory)/shared", BusyboxRoot.ids.base, BusyboxRoot.ids.base)
        root.write("shared/file", "shared")
        root.write("one", "bound")
        func detached(_ name: String) throws -> SharedDescriptor {
            let file = try OwnedDescriptor.open(root.directory.appending(name), flags: OpenFlags.path)
            return SharedDescriptor(try DetachedMount.clone(of: file.rawValue).release())
        }
        var spec = SandboxSpec.script(
            """
            cat /cache/file /etc/one; echo new > /cache/new; echo x > /etc/one || echo refused
            touch /run/secrets/s; grep -c ' /run/secrets tmpfs ' /proc/mounts
            """)
        spec.mounts = [
            .init(.bind(try detached("shared"), isReadOnly: false), at: "/cache"),
            .init(.tmpfs(size: 65536, mode: 0o700), at: "/run/secrets"),
            .init(.bind(try detached("one"), isReadOnly: true), at: "/etc/one"),
        ]
        let result = try await run(spec)
        #expect(result.output == "sharedboundrefused\n1\n")
        #expect(access("\(root.directory)/shared/new", F_OK) == 0)
    }

    @Test func readOnlyRootRefusesWrites() async throws {
        var spec = SandboxSpec.script("touch /work/a || echo refused; touch /dev/shm/b && echo shm")
        spec.isRootReadOnly = true
        #expect(try await run(spec).output == "refused\nshm\n")
    }

    @Test(arguments: [
        (["/bin/absent"], "/", SandboxError.Code.notExecutable),
        (["absent"], "/", .notExecutable),
        (["/etc/hosts"], "/", .notExecutable),
        (["/bin/true"], "/absent", .notExecutable),
        (["/bin/true"], "/proc/self/fd/7", .notExecutable),
        (["/bin/true"], "/proc", .unsuitableRoot),
        (["/bin/true"], "/work/../proc", .unsuitableRoot),
    ])
    func whatCannotBeRunIsAnErrorNotAnExitCode(
        arguments: [String], directory: String, code: SandboxError.Code
    ) async throws {
        var spec = SandboxSpec.script("")
        spec.arguments = arguments
        spec.workingDirectory = directory
        let error = await #expect(throws: SandboxError.self) { try await run(spec) }
        #expect(error?.code == code, "\(error?.message ?? "")")
    }

    @Test func backgroundProcessesEndWithTheStep() async throws {
        let result = try await run(.script("setsid sleep 77001 & (setsid sleep 77001 &) ; echo started"))
        #expect(result.output == "started\n")
        #expect(processes(with: "77001").isEmpty)
    }

    @Test func manyStepsRunAtOnce() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        let outputs = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 {
                group.addTask { try await supervisor.run(.script("sleep 0.2; echo \(number)"), in: root).output }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        await supervisor.stop()
        #expect(Set(outputs) == Set((0..<20).map { "\($0)\n" }))
    }
}

/// Processes of the host whose command line contains `text`.
func processes(with text: String) -> [pid_t] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [pid_t] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let process = pid_t(name), let file = try? OwnedDescriptor.open(FilePath("/proc/\(name)/cmdline")) else {
            continue
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) ?? 0
        if String(decoding: bytes[..<count], as: UTF8.self).contains(text) { found.append(process) }
    }
    return found
}
