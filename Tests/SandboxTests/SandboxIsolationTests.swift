import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

/// What a step can see of the host and do to it. The expectations are the description of the sandbox.
@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxIsolationTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ script: String, user: SandboxSpec.User = .root, noNewPrivileges: Bool = false) async throws
        -> String
    {
        let supervisor = try await SandboxSupervisor.forTests()
        var spec = SandboxSpec.script(script)
        spec.user = user
        spec.noNewPrivileges = noNewPrivileges
        let result = try await supervisor.run(spec, in: root)
        await supervisor.stop()
        return result.output
    }

    @Test func capabilitiesAreTheElevenAndNoMore() async throws {
        let status = try await run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
        #expect(
            status == """
                CapInh:\t0000000000000000
                CapPrm:\t00000000800405fb
                CapEff:\t00000000800405fb
                CapBnd:\t00000000800405fb
                CapAmb:\t0000000000000000
                NoNewPrivs:\t0
                Seccomp:\t2

                """)
        #expect(try await run("grep NoNewPrivs /proc/self/status", noNewPrivileges: true) == "NoNewPrivs:\t1\n")
    }

    @Test func onlyTheStandardStreamsAreOpen() async throws {
        let leaks = (0..<40).map { _ in open("/etc/passwd", O_RDONLY) }
        defer { leaks.forEach { close($0) } }
        // The shell's own directory stream is the fourth.
        #expect(try await run("ls /proc/self/fd | wc -l; readlink /proc/self/fd/0") == "4\n/dev/null\n")
    }

    @Test func deviceDirectoryHoldsTheUsualNodesOnly() async throws {
        let expected = """
            core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero
            """
        #expect(try await run("echo $(ls /dev)") == expected + "\n")
        #expect(try await run("stat -c '%u:%g %a %F' /dev/null") == "0:0 666 character special file\n")
    }

    @Test func nodesOfTheHostKeepTheirModeAndOwner() async throws {
        var before = stat()
        stat("/dev/null", &before)
        _ = try await run("chmod 000 /dev/null /dev/zero; chown 5:5 /dev/null")
        var after = stat()
        stat("/dev/null", &after)
        #expect(after.st_mode == before.st_mode)
        #expect(after.st_uid == before.st_uid)
    }

    @Test(arguments: [
        "mknod /work/disk b 8 0", "mount -t tmpfs none /work", "mount --bind /etc /work", "umount /proc",
        "unshare -U true",
        "unshare -m true", "unshare -n true", "hostname other", "echo x > /proc/sys/kernel/core_pattern",
        "echo b > /proc/sysrq-trigger", "echo 1 > /proc/sys/vm/drop_caches", "echo x > /proc/irq/default_smp_affinity",
        "touch /sys/x", "mkdir /sys/fs/cgroup/x", "echo -1000 > /proc/self/oom_score_adj", "ip link set lo down",
        "ip route add 169.254.169.254 dev lo", "cat /proc/kmsg", "cat /dev/mem", "chown 70000 /work",
        "echo x > /etc/hosts", "rm /etc/resolv.conf",
    ])
    func isRefused(command: String) async throws {
        #expect(try await run("(\(command)) 2>/dev/null && echo done || echo refused") == "refused\n")
    }

    @Test(arguments: [
        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts", "/proc/sched_debug", "/proc/latency_stats",
    ])
    func maskedFileIsEmpty(path: String) async throws {
        #expect(try await run("test -e \(path) && wc -c < \(path) || echo 0") == "0\n")
    }

    @Test(arguments: ["/sys/firmware", "/proc/acpi", "/proc/scsi", "/sys/devices/virtual/powercap"])
    func maskedDirectoryIsEmpty(path: String) async throws {
        #expect(try await run("ls -A \(path) 2>/dev/null | wc -l") == "0\n")
    }

    @Test func processesOfTheHostAreInvisible() async throws {
        #expect(try await run("echo $$; kill -0 \(getpid()) 2>/dev/null && echo seen || echo unseen") == "1\nunseen\n")
    }

    @Test func mountTableNamesNoPathOfTheHost() async throws {
        let table = try await run("cat /proc/self/mountinfo")
        // The options of the root's own overlay do, in every builder.
        for line in table.split(separator: "\n") where !line.contains(" - overlay ") {
            #expect(!line.contains("\(root.directory)"), "\(line)")
            #expect(!line.contains(" ext4 ") || line.contains(" /etc/"), "\(line)")
        }
    }

    @Test func cgroupsAreNotShown() async throws {
        #expect(try await run("ls /sys/fs/cgroup 2>/dev/null | wc -l; grep -c cgroup /proc/mounts") == "0\n0\n")
    }

    @Test func controllingTerminalIsAbsent() async throws {
        #expect(try await run("(echo x > /dev/tty) 2>/dev/null && echo tty || echo none") == "none\n")
    }

    @Test func resourceLimitsAreTheFixedOnes() async throws {
        let limits = try await run("ulimit -Sc; ulimit -Hc; ulimit -Sn")
        #expect(limits == "0\n0\n1024\n")
    }

    @Test func ordinaryUserMayUseLowPortsAndPingOfItsOwnNetwork() async throws {
        let script = """
            cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range
            (nc -l -p 80 > /dev/null & sleep 0.2; echo hello | nc -w 1 127.0.0.1 80 && echo reached)
            """
        let output = try await run(script, user: .init(uid: 1000, gid: 1000))
        #expect(output == "0\n0\t65535\nreached\n")
    }

    @Test func setUserIDProgramGivesNoMoreThanTheRootOfTheContainer() async throws {
        try await Probe.build(
            """
            #include <stdio.h>
            #include <unistd.h>
            int main(void) { printf("%d %d\\n", getuid(), geteuid()); }
            """, into: root)
        chmod("\(root.directory)/root/bin/probe", 0o4755)
        let user = SandboxSpec.User(uid: 1000, gid: 1000)
        #expect(try await run("probe", user: user) == "1000 0\n")
        #expect(try await run("probe", user: user, noNewPrivileges: true) == "1000 1000\n")
    }

    @Test func systemCallsAreRefusedAsDescribed() async throws {
        let expected: [(call: String, error: CInt)] = [
            ("SYS_unshare, 0x10000000", EPERM), ("SYS_setns, 0, 0", EPERM), ("SYS_mount, 0, 0, 0, 0, 0", EPERM),
            ("SYS_umount2, 0, 0", EPERM), ("SYS_pivot_root, 0, 0", EPERM), ("SYS_open_tree, 0, 0, 0", EPERM),
            ("SYS_move_mount, 0, 0, 0, 0, 0", EPERM), ("SYS_fsopen, 0, 0", EPERM),
            ("SYS_mount_setattr, 0, 0, 0, 0, 0", EPERM), ("SYS_keyctl, 0, 0", EPERM),
            ("SYS_add_key, 0, 0, 0, 0, 0", EPERM),
            ("SYS_request_key, 0, 0, 0, 0", EPERM), ("SYS_bpf, 0, 0, 0", EPERM),
            ("SYS_perf_event_open, 0, 0, 0, 0, 0", EPERM), ("SYS_io_uring_setup, 1, 0", EPERM),
            ("SYS_userfaultfd, 0", EPERM), ("SYS_open_by_handle_at, 0, 0, 0", EPERM),
            ("SYS_kexec_load, 0, 0, 0, 0", EPERM),
            ("SYS_init_module, 0, 0, 0", EPERM), ("SYS_finit_module, 0, 0, 0", EPERM), ("SYS_swapon, 0, 0", EPERM),
            ("SYS_reboot, 0, 0, 0, 0", EPERM), ("SYS_syslog, 3, 0, 0", EPERM), ("SYS_acct, 0", EPERM),
            ("SYS_quotactl, 0, 0, 0, 0", EPERM), ("SYS_settimeofday, 0, 0", EPERM), ("SYS_pidfd_getfd, 0, 0, 0", EPERM),
            ("SYS_clone3, 0, 0", ENOSYS), ("SYS_clone, 0x10000011, 0, 0, 0, 0", EPERM), ("451 + 500", ENOSYS),
            ("SYS_socket, 38, 5, 0", EAFNOSUPPORT), ("SYS_socket, 40, 1, 0", EAFNOSUPPORT),
            ("SYS_socket, 17, 3, 0", EAFNOSUPPORT), ("SYS_socket, 16, 3, 9", EPROTONOSUPPORT),
            ("SYS_socket, 16, 3, 12", EPROTONOSUPPORT), ("SYS_socket, 2, 3, 1", EPERM),
            ("SYS_personality, 0x40000", EPERM), ("SYS_socket, 2, 1, 0", 0), ("SYS_socket, 1, 1, 0", 0),
            ("SYS_socket, 16, 3, 0", 0), ("SYS_ptrace, 0, 0, 0, 0", 0), ("SYS_chroot, \"/\"", 0),
        ]
        let calls = expected.map { "errno = 0; r = syscall(\($0.call)); printf(\"%d\\n\", r < 0 ? errno : 0);" }
        try await Probe.build(
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <stdio.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            int main(void) { long r; \(calls.joined(separator: "\n")) }
            """, into: root)
        let answers = try await run("probe").split(separator: "\n").compactMap { CInt($0) }
        try #require(answers.count == expected.count)
        for (expectation, answer) in zip(expected, answers) {
            #expect(answer == expectation.error, "syscall(\(expectation.call))")
        }
    }
}

/// A static C program for what no shell command can do.
enum Probe {
    static func build(_ source: String, into root: BusyboxRoot) async throws {
        let compiler = try #require(Command.locate("cc") ?? Command.locate("clang"), "needs a C compiler")
        root.write("probe.c", source)
        let result = try await Command(
            compiler, ["-static", "-w", "-o", "\(root.directory)/root/bin/probe", "\(root.directory)/probe.c"]
        ).run()
        try #require(result.status.isSuccess, "\(result.errorText)")
    }
}
