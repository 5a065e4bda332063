import Foundation
import Linux
import SystemPackage
import Testing

/// What RUN may be given by the command line, and what it may ask for.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct SandboxOptionTests {
    @Test func commandsGetHostsLimitsAndSharedMemory() async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            RUN cat /etc/hosts > /seen; ulimit -Sn >> /seen; ulimit -Hn >> /seen; \
                /bin/busybox df -k /dev/shm | /bin/busybox tail -n 1 >> /seen
            CMD ["/bin/cat", "/seen"]

            """)
        try await workspace.succeed(
            "build", "--add-host", "db.example.org:192.0.2.7", "--add-host", "six=[2001:db8::1]", "--ulimit",
            "nofile=100:200", "--shm-size", "3m", "-t", "example.org/app:1", "app")
        let lines = try await workspace.succeed("run", "example.org/app:1").split(separator: "\n").map(String.init)
        #expect(lines.contains("192.0.2.7 db.example.org") && lines.contains("2001:db8::1 six"))
        #expect(lines.suffix(3).dropLast() == ["100", "200"] && lines.last?.contains(" 3072 ") == true, "\(lines)")
        let text = try await workspace.succeed(
            "run", "--add-host", "a:192.0.2.9", "--ulimit", "nofile=64", "example.org/app:1", "/bin/sh", "-c",
            "cat /etc/hosts; ulimit -Hn")
        #expect(text.hasSuffix("192.0.2.9 a\n64\n"))
    }

    @Test(.enabled(if: HostAddress.outward() != nil, "needs a route to others"))
    func theHostHasAnAddressForSteps() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN cat /etc/hosts > /seen\nCMD [\"/bin/cat\", \"/seen\"]\n")
        try await workspace.succeed("build", "--add-host", "host:host-gateway", "-t", "example.org/app:1", "app")
        let seen = try await workspace.succeed("run", "example.org/app:1")
        let address = try #require(HostAddress.outward())
        #expect(seen.hasSuffix("\n\(address) host\n") && !address.hasPrefix("127."), "\(seen)")
    }

    @Test(arguments: [
        ["--add-host", "name"], ["--add-host", "name:gateway"], ["--ulimit", "files=1"],
        ["--ulimit", "nofile=2:1"], ["--ulimit", "nofile"], ["--shm-size", "much"], ["--allow", "everything"],
        ["--ulimit", "nofile=4611686018427387904"], ["--add-host", "a b:192.0.2.1"], ["--cpus", "nan"], ["--cpus=0"],
        ["--cpus=1e300"], ["--cpus=-1"], ["--pids", "0"], ["--pids=-5"], ["--timeout", "0"],
        ["--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=a/b"],
    ])
    func malformedOptionsAreUsageErrors(option: [String]) async throws {
        let workspace = try Workspace()
        try workspace.context("RUN true\n")
        let result = try await workspace.command(["build"] + option + ["app"]).run()
        let name = option[0] == "--build-arg" ? "BUILDKIT_SANDBOX_HOSTNAME" : String(option[0].prefix { $0 != "=" })
        #expect(result.code == 2 && result.errorText.contains(name), "\(result.errorText)")
        #expect(!result.errorText.contains("RUN true"))
    }

    @Test(arguments: [("--network=host", "network.host"), ("--security=insecure", "security.insecure")])
    func whatReachesBeyondTheSandboxNeedsBothSides(flag: String, entitlement: String) async throws {
        let workspace = try Workspace()
        try workspace.context(
            "RUN \(flag) /bin/busybox readlink /proc/self/ns/net > /seen\nCMD [\"/bin/cat\", \"/seen\"]\n")
        let refused = try await workspace.caisson("build", "app")
        #expect(refused.code == 1)
        #expect(
            refused.errorText.contains("app/Dockerfile:3:1: error: RUN \(flag) needs the entitlement \(entitlement)"),
            "\(refused.errorText)")
        #expect(refused.errorText.contains("--allow \(entitlement)"))
        try await workspace.succeed("build", "--allow", entitlement, "-t", "example.org/app:1", "app")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        let seen = try await workspace.succeed("run", "example.org/app:1")
        #expect((seen == own + "\n") == (flag == "--network=host"))
    }

    @Test func devicesComeFromTheSpecificationsThatAreNamed() async throws {
        let workspace = try Workspace()
        try workspace.write(
            "cdi/v.json",
            """
            {"cdiVersion": "0.6.0", "kind": "v.example/c", "devices": [{"name": "d", "containerEdits": {
              "env": ["FROM_HOST=yes"], "deviceNodes": [{"path": "/dev/other", "hostPath": "/dev/full"}]}}]}
            """)
        try workspace.context(
            "RUN --device=v.example/c=d,required echo $FROM_HOST > /seen; ! echo x > /dev/other\n"
                + "CMD [\"/bin/cat\", \"/seen\"]\n")
        let absent = try await workspace.caisson("build", "--allow", "device", "app")
        #expect(absent.code == 1 && absent.errorText.contains("this host has no device `v.example/c=d`"))
        let refused = try await workspace.caisson("build", "--cdi-spec-dir", "cdi", "app")
        #expect(refused.code == 1 && refused.errorText.contains("--allow device=v.example/c=d"))
        try await workspace.succeed(
            "build", "--cdi-spec-dir", "cdi", "--allow", "device=v.example/c", "-t", "example.org/app:1", "app")
        #expect(try await workspace.succeed("run", "example.org/app:1") == "yes\n")
        let doctor = try await workspace.caisson("doctor", "--cdi-spec-dir", "cdi")
        #expect(doctor.outputText.contains("devices: v.example/c=d\n"), "\(doctor.outputText)")
    }

    @Test func networkOfTheHostForAllStepsNeedsToBeAllowed() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN true\n")
        let refused = try await workspace.caisson("build", "--network", "host", "app")
        #expect(refused.code == 2 && refused.errorText.contains("--allow network.host"))
        try await workspace.succeed("build", "--network", "host", "--allow", "network.host", "app")
    }

    @Test func insecureCommandsMayMount() async throws {
        let workspace = try Workspace()
        try workspace.context(
            "RUN --security=insecure /bin/busybox mkdir /m && /bin/busybox mount -t tmpfs none /m && echo x > /m/x\n"
                + "RUN /bin/busybox mount -t tmpfs none /m || ls /m | /bin/busybox wc -l > /count\nCMD [\"cat\", \"/count\"]\n"
        )
        try await workspace.succeed("build", "--allow", "security.insecure", "-t", "example.org/app:1", "app")
        #expect(try await workspace.succeed("run", "example.org/app:1") == "0\n")
    }

    /// Where a host is must not decide what is built; that there is one may.
    @Test func namesOfHostsAndLimitsAreInCacheKeysAndAddressesAreNot() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN true\n")
        func isCached(_ options: String...) async throws -> Bool {
            let result = try await workspace.command(["build", "--progress", "plain"] + options + ["app"]).run()
            try #require(result.code == 0, "\(result.errorText)")
            return result.errorText.contains("#2 CACHED")
        }
        #expect(try await !isCached("--add-host", "a:192.0.2.1"))
        #expect(try await isCached("--add-host", "a:192.0.2.2", "--shm-size", "1m"))
        #expect(try await !isCached("--add-host", "b:192.0.2.1"))
        #expect(try await !isCached("--ulimit", "nofile=100"))
        #expect(try await isCached("--ulimit", "nofile=100:100"))
    }
}
