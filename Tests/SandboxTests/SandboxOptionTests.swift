import Glibc
import Linux
import Sandbox
import Testing

/// What a step may be given besides a root and a command.
@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxOptionTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ script: String, _ change: (inout SandboxSpec) -> Void) async throws -> StepResult {
        var spec = SandboxSpec.script(script)
        change(&spec)
        let supervisor = try await SandboxSupervisor.forTests()
        do {
            let result = try await supervisor.run(spec, in: root)
            await supervisor.stop()
            return result
        } catch {
            await supervisor.stop()
            throw error
        }
    }

    @Test func hostNameAndExtraHostsAreInTheFilesOfTheStep() async throws {
        let result = try await run("hostname; cat /etc/hostname /etc/hosts") {
            $0.hostname = "worker-1"
            $0.extraHosts = [
                .init(name: "db.example.org", address: "192.0.2.7"), .init(name: "db6", address: "2001:db8::7"),
            ]
        }
        #expect(
            result.output == """
                worker-1
                worker-1
                127.0.0.1 localhost worker-1
                ::1 localhost ip6-localhost ip6-loopback
                192.0.2.7 db.example.org
                2001:db8::7 db6

                """)
    }

    @Test(arguments: [
        ("", "192.0.2.7", "`` is no host name"), ("a b", "192.0.2.7", "`a b` is no host name"),
        ("a\nb", "192.0.2.7", "`a\nb` is no host name"), ("a", "192.0.2", "`192.0.2` is no IP address for a"),
        ("a", "host-gateway", "`host-gateway` is no IP address for a"),
    ])
    func linesThatAreNoHostsAreRefused(name: String, address: String, message: String) async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await run("true") { $0.extraHosts = [.init(name: name, address: address)] }
        }
        #expect(error?.code == .invalidName && error?.message == message)
    }

    @Test func sharedMemoryHasTheSizeGiven() async throws {
        let script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=99 2>/dev/null; stat -c %s /dev/shm/x"
        #expect(try await run(script) { _ in }.output == "\(64 << 20)\n")
        #expect(try await run(script) { $0.limits.sharedMemory = 3 << 20 }.output == "\(3 << 20)\n")
    }

    @Test func resourceLimitsAreTheOnesGiven() async throws {
        let result = try await run("ulimit -Sn; ulimit -Hn; ulimit -Sf; ulimit -Hc; ulimit -St; ulimit -Hl") {
            $0.limits.resources = [
                .openFiles: .init(soft: 100, hard: 200), .fileSize: .init(soft: 512 << 10, hard: 512 << 10),
                .coreSize: .init(soft: 0, hard: min(1 << 20, ResourceLimit.coreSize.hardLimit)),
                .processorSeconds: .init(soft: 10, hard: 20),
            ]
        }
        let core = min(1 << 20, ResourceLimit.coreSize.hardLimit) / 512
        #expect(result.output == "100\n200\n1024\n\(core)\n10\n8192\n")
    }

    @Test(.enabled(if: Requirements.canRaiseLimits, "needs CAP_SYS_RESOURCE"))
    func limitsMayBeAboveOurOwn() async throws {
        let result = try await run("ulimit -Hl; ulimit -Hn") {
            $0.limits.resources = [
                .lockedMemory: .init(soft: 0, hard: .max),
                .openFiles: .init(soft: 1, hard: ResourceLimit.openFiles.hardLimit + 1),
            ]
        }
        #expect(result.output == "unlimited\n\(ResourceLimit.openFiles.hardLimit + 1)\n")
    }

    @Test func limitsThatCannotBeAreRefused() async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await run("true") { $0.limits.resources = [.openFiles: .init(soft: 1, hard: .max)] }
        }
        #expect(error?.code == .limit)
        #expect(error?.message.hasPrefix("the limit nofile=-1 is more than this host allows: ") == true)
        let order = await #expect(throws: SandboxError.self) {
            try await run("true") { $0.limits.resources = [.fileSize: .init(soft: 2, hard: 1)] }
        }
        #expect(order?.message == "the limit fsize has a soft bound above its hard one")
    }

    @Test func networkOfTheHostReachesItsLoopback() async throws {
        let listener = try Listener()
        let script = """
            readlink /proc/self/ns/net; ls -d /sys/class/net/lo
            nc -w 2 127.0.0.1 \(listener.port) </dev/null & sleep 1
            ip link add x type dummy 2>/dev/null || echo kept; touch /sys/x 2>/dev/null || echo read-only
            """
        let result = try await run(script) { $0.network = .host }
        var path = [CChar](repeating: 0, count: 100)
        let count = readlink("/proc/self/ns/net", &path, 100)
        let own = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(result.output == "\(own)\n/sys/class/net/lo\nkept\nread-only\n", "\(result.error)")
        #expect(listener.wasReached)
    }

    @Test func insecureStepIsRootOfItsNamespaceAndNotOfTheHost() async throws {
        let script = """
            grep -E '^(CapEff|Seccomp:|NoNewPrivs)' /proc/self/status
            mount -t tmpfs none /work && touch /work/x && echo mounted; umount /work
            unshare -m -p -f true && echo unshared
            ip route del unreachable 169.254.0.0/16 && echo routed
            mount -t proc proc /work && echo proc; umount /work
            mknod /work/disk b 8 0 2>/dev/null || echo no devices
            echo 1 > /proc/sys/vm/overcommit_memory || echo kernel
            cat /proc/1/uid_map
            """
        let result = try await run(script) {
            $0.security = .insecure
            $0.noNewPrivileges = true
        }
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines.dropLast() == [
                "CapEff:\t000001ffffffffff", "NoNewPrivs:\t0", "Seccomp:\t0", "mounted", "unshared", "routed", "proc",
                "no devices", "kernel",
            ], "\(result.error)")
        #expect(lines.last?.split(separator: " ").map(String.init) == ["0", "1000000", "65536"])
    }

    /// It may change its network, which nobody else gets after it.
    @Test func networkOfAnInsecureStepIsNotUsedAgain() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        var spec = SandboxSpec.script("ip route del unreachable 169.254.0.0/16")
        spec.security = .insecure
        let first = try await supervisor.run(spec, in: root)
        let second = try await supervisor.run(.script("ip route"), in: root)
        await supervisor.stop()
        #expect(first.exit.isSuccess, "\(first.error)")
        #expect(second.output == "unreachable 169.254.0.0/16 \n")
    }

    @Test func insecureStepHasTheNetworkOfTheHostIfBothAreGiven() async throws {
        let listener = try Listener()
        let result = try await run("nc -w 2 127.0.0.1 \(listener.port) </dev/null & sleep 1") {
            $0.security = .insecure
            $0.network = .host
        }
        #expect(listener.wasReached, "\(result.error)")
    }
}
