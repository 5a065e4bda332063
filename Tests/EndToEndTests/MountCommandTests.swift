import Foundation
import Linux
import SystemPackage
import Testing

/// Secrets, keys and caches as whole processes.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(3)))
struct MountCommandTests {
    private static let value = "canary-\(UInt64.random(in: 0...UInt64.max))"

    /// Files below the workspace that hold the value in any usual spelling, but for those a test wrote.
    private static func leaks(in workspace: Workspace, but own: Set<String>) throws -> [String] {
        let bytes = Data(value.utf8)
        let forms = [
            bytes, bytes.base64EncodedData(), Data(bytes.map { String(format: "%02x", $0) }.joined().utf8),
            Data(value.reversed().map(String.init).joined().utf8),
        ]
        return try FileManager.default.subpathsOfDirectory(atPath: workspace.directory.string).filter { name in
            guard !own.contains(name), let data = FileManager.default.contents(atPath: workspace.path(name)) else {
                return false
            }
            return forms.contains { data.range(of: $0) != nil }
        }
    }

    private static func commandLines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return nil
            }
            return String(decoding: line, as: UTF8.self)
        }
    }

    @Test func aSecretIsNowhereButInItsStep() async throws {
        let workspace = try Workspace()
        try workspace.write("key", Self.value)
        try workspace.context(
            """
            RUN --mount=type=secret,id=key --mount=type=secret,id=variable,env=VARIABLE --mount=type=secret,id=NAMED \\
                test -s /run/secrets/key && test "$VARIABLE" = "`cat /run/secrets/NAMED`" && cat /run/secrets/key \\
                && echo $VARIABLE && echo begun && sleep 3
            RUN --mount=type=secret,id=key,env=KEY echo "$KEY" >&2; false

            """)
        let progress = workspace.path("progress")
        var command = workspace.command(
            [
                "build", "--progress", "json", "--secret", "id=key,src=key", "--secret", "id=variable,env=TOKEN",
                "--secret", "id=NAMED", "app",
            ], environment: ["TOKEN=\(Self.value)", "NAMED=\(Self.value)"])
        command.error = .descriptor(
            SharedDescriptor(try OwnedDescriptor.open(FilePath(progress), flags: OpenFlags.create)))
        let build = try await command.start()
        while try !workspace.read("progress").contains("begun") { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try Self.leaks(in: workspace, but: ["key"]) == [])
        #expect(try !Self.commandLines().contains { $0.contains(Self.value) })
        let result = await build.result()
        #expect(result.status.shellCode == 1)
        #expect(try workspace.read("progress").contains("****"))
        #expect(!result.outputText.contains(Self.value))
        #expect(try Self.leaks(in: workspace, but: ["key"]) == [])
    }

    @Test func theMessageOfAMissingSecretNamesLineAndRemedy() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN --mount=type=secret,id=token,required true\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1)
        #expect(result.errorText.contains("secret `token`: not found"), "\(result.errorText)")
        #expect(result.errorText.contains("give it with --secret id=token,src=FILE"), "\(result.errorText)")
        #expect(result.errorText.contains("Dockerfile:3"), "\(result.errorText)")
    }

    static let malformed: [([String], String)] = [
        (["--secret", "s3cret-value"], "malformed value"),
        (["--secret", "src=/etc/passwd"], "malformed value"),
        (["--secret", "id=a,src=/nowhere"], "--secret a: "),
        (["--secret", "id=a,env=UNSET_VARIABLE"], "there is no variable `UNSET_VARIABLE`"),
        (["--secret", "id=a,type=vault,src=x"], "unknown type `vault`"),
        (["--secret", "id=a,src=key", "--secret", "id=a,src=key"], "gives `a` twice"),
        (["--ssh", "default"], "there is no SSH_AUTH_SOCK"),
        (["--ssh", "a=/nowhere"], "--ssh a: "),
        (["--ssh", "a=/tmp"], "name one socket, or files with keys"),
    ]

    @Test(arguments: malformed)
    func optionsThatMakeNoSenseAreRefusedBeforeTheBuild(_ options: [String], _ message: String) async throws {
        let workspace = try Workspace()
        try workspace.write("key", "key")
        try workspace.context("RUN true\n")
        let result = try await workspace.command(["build"] + options + ["app"]).run()
        #expect(result.status.shellCode == 2)
        #expect(result.errorText.contains(message), "\(result.errorText)")
        #expect(!result.errorText.contains("s3cret-value"))
    }

    @Test func cachesGoFromStoreToStore() async throws {
        let workspace = try Workspace()
        try workspace.context(
            """
            ARG round
            RUN --mount=type=cache,target=/c,id=downloads echo $round >> /c/log; cat /c/log

            """)
        func log(_ round: String, root: String) async throws -> String {
            let result = try await workspace.caisson(
                "build", "--root", workspace.path(root), "--progress", "plain", "--build-arg", "round=\(round)", "app")
            #expect(result.code == 0, "\(result.errorText)")
            return result.errorText
        }
        _ = try await log("first-round", root: "store")
        #expect(try await workspace.succeed("cache", "mounts", "ls").contains("downloads"))
        let digest = try await workspace.succeed("cache", "mounts", "export", "downloads", "-o", "cache.tar")
        #expect(try await workspace.tool("tar", "-tvf", "cache.tar").contains("log"))
        #expect(try await workspace.tool("sha256sum", "cache.tar").hasPrefix(digest.dropFirst(7).prefix(64)))

        try await workspace.tool("gzip", "cache.tar")
        let other = workspace.path("other")
        let wrong = try await workspace.caisson(
            "cache", "mounts", "import", "downloads", "-i", "cache.tar.gz", "--root", other, "--digest",
            "sha256:" + String(repeating: "0", count: 64))
        #expect(wrong.code == 1 && wrong.errorText.contains("has the digest"), "\(wrong.errorText)")
        #expect(
            try await workspace.succeed(
                "cache", "mounts", "import", "downloads", "-i", "cache.tar.gz", "--root", other, "--digest",
                String(digest.dropLast())) == digest)
        #expect(try await log("second-round", root: "other").contains("first-round"))

        try await workspace.succeed("cache", "mounts", "rm", "downloads", "--root", other)
        #expect(try await !log("third-round", root: "other").contains("first-round"))
        let missing = try await workspace.caisson("cache", "mounts", "rm", "absent", "--root", other)
        #expect(missing.code == 1 && missing.errorText.contains("there is no cache `absent`"))
    }

    @Test func cachesOfOneIdAreToldApartByTheirNamespace() async throws {
        let workspace = try Workspace()
        for space in ["a", "b"] {
            try workspace.write("\(space)/file", space)
            try await workspace.tool("tar", "-cf", "\(space).tar", "-C", space, ".")
            try await workspace.succeed("cache", "mounts", "import", "one", "--namespace", space, "-i", "\(space).tar")
        }
        let unclear = try await workspace.caisson("cache", "mounts", "export", "one", "-o", "out.tar")
        #expect(unclear.code == 2 && unclear.errorText.contains("2 caches have the id `one`"))
        try await workspace.succeed("cache", "mounts", "export", "one", "--namespace", "b", "-o", "out.tar")
        #expect(try await workspace.tool("tar", "-xOf", "out.tar", "file") == "b")
        try await workspace.succeed("cache", "mounts", "rm", "one", "--namespace", "a")
        #expect(try await workspace.succeed("cache", "mounts", "ls").contains("namespace=b"))
        let nameless = try await workspace.caisson("cache", "mounts", "import", "", "-i", "a.tar")
        #expect(nameless.code == 2 && nameless.errorText.contains("a cache needs an id"))
    }

    @Test(.enabled(if: Requirements.isInstalled("ssh-agent", "ssh-keygen"), "needs ssh-agent"))
    func aKilledBuildLeavesNoAgentWithKeys() async throws {
        let workspace = try Workspace()
        let mark = HostCensus.marker()
        try await workspace.tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
        try workspace.context("RUN --mount=type=ssh,id=key,required sleep \(mark)\n")
        let build = try await workspace.command(["build", "--ssh", "key=key", "app"]).start()
        #expect(try await HostCensus.wait { !HostCensus.processes(with: "sleep\u{0}\(mark)").isEmpty })
        let children = try await workspace.tool("ps", "-o", "pid=,comm=", "--ppid", "\(build.id)")
        let line = children.split(separator: "\n").first { $0.hasSuffix("ssh-agent") }
        let agent = try #require(line?.split(separator: " ").first, "\(children)")
        build.kill()
        _ = await build.result()
        #expect(try await HostCensus.wait { !FileManager.default.fileExists(atPath: "/proc/\(agent)") })
    }

    @Test func aKilledBuildLeavesNoLockOfACache() async throws {
        let workspace = try Workspace()
        let mark = HostCensus.marker()
        try workspace.context(
            """
            ARG wait
            RUN --mount=type=cache,target=/c,sharing=locked echo begun >> /c/log; cat /c/log; sleep $wait

            """)
        let build = try await workspace.command(["build", "--build-arg", "wait=\(mark)", "app"]).start()
        #expect(try await HostCensus.wait { !HostCensus.processes(with: "sleep\u{0}\(mark)").isEmpty })
        build.kill()
        _ = await build.result()
        let next = try await workspace.caisson("build", "--progress", "plain", "--build-arg", "wait=0", "app")
        #expect(next.code == 0, "\(next.errorText)")
    }
}
