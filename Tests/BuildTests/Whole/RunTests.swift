import Build
import Dockerfile
import Engine
import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// Whole builds with commands in sandboxes.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct RunTests {
    @Test func commandsRunInEveryForm() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base
            RUN echo shell > /shell
            RUN ["/bin/sh", "-c", "echo exec > /exec"]
            RUN <<EOF
            echo one > /heredoc
            echo two >> /heredoc
            EOF
            RUN cat <<EOF > /fed
            text $HOME
            EOF
            SHELL ["/nowhere"]
            RUN <<EOF
            #!/bin/sh -e
            echo "$0" > /script
            ls /dev/pipes >> /script
            EOF
            USER app
            RUN <<EOF
            #!/bin/awk -f
            BEGIN { print "awk" > "/tmp/awk" }
            EOF
            """)
        let tree = try await shop.tree(of: image)
        #expect(tree["shell"] == "file 644 0:0 \"shell\n\"")
        #expect(tree["exec"] == "file 644 0:0 \"exec\n\"")
        #expect(tree["heredoc"] == "file 644 0:0 \"one\ntwo\n\"")
        #expect(tree["fed"] == "file 644 0:0 \"text /root\n\"")
        #expect(tree["script"] == "file 644 0:0 \"/dev/pipes/EOF\nEOF\n\"")
        #expect(tree["tmp/awk"] == "file 644 1000:100 \"awk\n\"")
        #expect(tree.keys.filter { $0.hasPrefix("dev") || $0.hasPrefix("proc") || $0.hasPrefix("sys") } == [])
        #expect(try shop.layer(of: image, at: 6) == ["script file 644 0:0 \"/dev/pipes/EOF\nEOF\n\""])
    }

    @Test func usersAndDirectoriesAreAsTheFileSays() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base
            USER app
            WORKDIR /work/deep
            RUN id -u > who && id -g >> who && id -G >> who && pwd >> who && echo $HOME >> who
            USER 1234
            WORKDIR /tmp
            RUN id -u > /tmp/number && id -G >> /tmp/number
            USER 0:10
            RUN id -G > /tmp/group
            USER root
            RUN id -G > /tmp/root
            """)
        let tree = try await shop.tree(of: image)
        #expect(tree["work"] == "directory 755 1000:100")
        #expect(tree["work/deep"] == "directory 755 1000:100")
        #expect(tree["work/deep/who"] == "file 644 1000:100 \"1000\n100\n100 10\n/work/deep\n/home/app\n\"")
        #expect(tree["tmp/number"] == "file 644 1234:0 \"1234\n0\n\"")
        #expect(tree["tmp/group"] == "file 644 0:10 \"10\n\"")
        #expect(tree["tmp/root"] == "file 644 0:0 \"0 10\n\"")
        #expect(try shop.config(of: image).user == "root")
    }

    @Test func aLayerHoldsExactlyWhatACommandChanged() async throws {
        let shop = try await Workshop()
        try shop.write("d/a", "a")
        try shop.write("d/b", "b")
        try shop.write("e/c", "c")
        let base = "FROM base\nCOPY d /d\nCOPY e /e\n"
        func layer(_ command: String) async throws -> [String] {
            try shop.layer(of: try await shop.build(base + "RUN \(command)"))
        }
        #expect(try await layer("true") == [])
        #expect(try await layer("touch /d") == [])
        #expect(try await layer("cat /d/a; touch /proc/self/comm; echo x > /dev/shm/x") == [])
        #expect(try await layer("rm /d/a") == ["d directory 755 0:0", "d/.wh.a"])
        #expect(try await layer("rm -r /d") == [".wh.d"])
        #expect(
            try await layer("rm -r /d && mkdir /d && echo n > /d/n")
                == ["d directory 755 0:0", "d/.wh.a", "d/.wh.b", "d/n file 644 0:0 \"n\n\""])
        #expect(try await layer("chmod 600 /d/a") == ["d directory 755 0:0", "d/a file 600 0:0 \"a\""])
        #expect(try await layer("chown 5:6 /d") == ["d directory 755 5:6"])
        #expect(try await layer("chmod 755 /d && mv /d/a /d/x && mv /d/x /d/a && chmod 644 /d/a") == [])
        #expect(
            try await layer("ln /d/a /d/z") == [
                "d directory 755 0:0", "d/a file 644 0:0 \"a\"", "d/z hard link to d/a",
            ])
        #expect(try await layer("cp /d/a /s && chmod 4755 /s") == ["s file 4755 0:0 \"a\""])
        #expect(try await layer("mkfifo /p && ln -s /d/a /l") == ["l link 0:0 -> /d/a", "p fifo 644 0:0"])
        #expect(
            try await layer("echo x > /etc/hosts; echo x > /etc/resolv.conf; echo x > /etc/hostname; true") == [])
    }

    @Test func aFailingCommandTellsItsCodeAndLastWords() async throws {
        let shop = try await Workshop()
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nRUN true\nRUN seq 1 100; echo sorry >&2; exit 7\nRUN true", log: log)
        }
        guard case .step(let failure)? = error else {
            Issue.record("a step fails: \(String(describing: error))")
            return
        }
        #expect(failure.exitCode == 7)
        #expect(failure.step.range.firstLine == 3)
        #expect(failure.message == "the command ended with exit code 7")
        #expect(failure.lastOutput.count == 20)
        #expect(failure.lastOutput.contains("sorry"))
        #expect(log.outcomes == ["ran RUN true", "failed RUN seq 1 100; echo sorry >&2; exit 7"])
    }

    @Test func aProgramThatIsNotThereIsNamed() async throws {
        let shop = try await Workshop()
        let error = await #expect(throws: (any Error).self) { try await shop.build("FROM base\nRUN [\"/no/such\"]") }
        #expect("\(error!)".contains("/no/such"), "\(error!)")
    }

    @Test func anUnknownUserFailsTheStep() async throws {
        let shop = try await Workshop()
        let error = await #expect(throws: BuildError.self) { try await shop.build("FROM base\nUSER nobody\nRUN true") }
        #expect(error?.description == "line 3, in stage 0: unknown user `nobody`: it is not in the image's /etc/passwd")
        let copy = await #expect(throws: BuildError.self) {
            try shop.write("f", "f")
            try await shop.build("FROM base\nCOPY --chown=nobody f /")
        }
        #expect(copy?.description == "line 2, in stage 0: unknown user `nobody`: it is not in the image's /etc/passwd")
    }

    @Test func usersThatAnEarlierCommandMadeAreKnown() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            "FROM base\nRUN echo new:x:77:88::/:/bin/sh >> /etc/passwd\nUSER new\nRUN id -u > /tmp/x")
        #expect(try await shop.tree(of: image)["tmp/x"] == "file 644 77:88 \"77\n\"")
    }

    @Test func aStepWithoutANetworkHasOnlyLoopback() async throws {
        let shop = try await Workshop()
        let image = try await shop.build("FROM base\nRUN --network=none ls /sys/class/net > /tmp/net")
        #expect(try await shop.tree(of: image)["tmp/net"] == "file 644 0:0 \"lo\n\"")
    }

    @Test(arguments: [
        ("WORKDIR /proc/self/fd/7", "/proc"), ("WORKDIR /sys/kernel", "/sys"), ("WORKDIR /dev/fd", "/dev"),
    ])
    func directoriesOfTheKernelAreNoWorkingDirectories(_ instruction: String, _ path: String) async throws {
        let shop = try await Workshop()
        let error = await #expect(throws: (any Error).self) {
            try await shop.build("FROM base\n\(instruction)\nRUN pwd")
        }
        #expect("\(error!)".contains("working directory \(path)"), "\(error!)")
    }

    @Test(.enabled(if: CgroupHierarchy.host.parents[.memory] != nil, "needs the memory controller"))
    func aCommandThatSucceedsAfterItsProcessesWereKilledIsWarnedOf() async throws {
        let shop = try await Workshop(limits: EngineLimits(memory: 32 << 20))
        let log = EventLog()
        try await shop.build("FROM base\nRUN /bin/busybox tail -c 100000000 /dev/zero || true\n", log: log)
        #expect(log.output.contains("processes of it were killed at its memory limit"), "\(log.output)")
        let quiet = EventLog()
        try await shop.build("FROM base\nRUN /bin/busybox tail -c 1 /dev/null\n", log: quiet)
        #expect(!quiet.output.contains("killed"))
    }

    @Test func changesThatDoNotFitIntoMemoryAreMadeOnDisk() async throws {
        let shop = try await Workshop(limits: EngineLimits(upperMemory: 64 << 20))
        let log = EventLog()
        let image = try await shop.build(
            "FROM base\nRUN dd if=/dev/zero of=/big bs=1M count=80 && echo done > /done", log: log)
        #expect(log.output.contains("warning: the step's changes do not fit into memory, it runs again on disk"))
        #expect(try await shop.tree(of: image)["done"] == "file 644 0:0 \"done\n\"")
    }

    @Test func cancellingABuildLeavesNothingRunning() async throws {
        let shop = try await Workshop()
        let log = EventLog()
        let mark = "3\(UInt32.random(in: 100_000...999_999))"
        let build = Task { try await shop.build("FROM base\nRUN echo begun; sleep \(mark)", log: log) }
        while !log.output.contains("begun") { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try Self.processes(containing: mark) > 0)
        build.cancel()
        await #expect(throws: (any Error).self) { try await build.value }
        #expect(try Self.processes(containing: mark) == 0)
        #expect(try !String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).contains(shop.path.string))
        // The next build of the same step is not disturbed.
        try await shop.build("FROM base\nRUN echo begun")
    }

    @Test func cancellingOneOfTwoBuildsLeavesTheSharedStepToTheOther() async throws {
        let shop = try await Workshop()
        let logs = [EventLog(), EventLog()]
        let mount = "--mount=type=cache,target=/shared"
        let dockerfile =
            "FROM base\nRUN \(mount) echo begun; until test -e /shared/go; do sleep 0.1; done; echo ended"
        let first = Task { try await shop.build(dockerfile, log: logs[0]) }
        while !logs[0].output.contains("begun") { try await Task.sleep(for: .milliseconds(5)) }
        let second = Task { try await shop.build(dockerfile, log: logs[1]) }
        while !logs[1].output.contains("begun"), logs[1].outcomes.isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        first.cancel()
        _ = try? await first.value
        try await shop.build("FROM base\nRUN \(mount) touch /shared/go")
        _ = try await second.value
        #expect(logs[1].output == "begun\nended\n")
        #expect(logs[1].ran.count == 1)
    }

    private static func processes(containing text: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").count { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return String(decoding: line, as: UTF8.self).contains(text)
        }
    }
}
