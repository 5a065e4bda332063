import Build
import Engine
import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// RUN --mount=type=ssh with real agents; the step speaks to them through busybox alone.
@Suite(
    .enabled(if: Host.canRun && Command.locate("ssh-agent") != nil, "needs what builds need and openssh-client"),
    .timeLimit(.minutes(3)))
struct AgentMountTests {
    /// A key pair in the shop's directory; returns the public half as agents list it.
    private static func makeKey(_ name: String, in shop: Workshop) async throws -> String {
        let path = shop.path.appending(name)
        let program = try #require(Command.locate("ssh-keygen"))
        let result = try await Command(program, ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path.string]).run()
        try #require(result.status.isSuccess, "\(result.errorText)")
        return try String(contentsOfFile: path.string + ".pub", encoding: .utf8)
    }

    /// Adds programs that reach the socket to the base: busybox has none, the host's ssh-add and its libraries do.
    private static func addClient(to shop: Workshop) async throws {
        let add = try #require(Command.locate("ssh-add"))
        let ldd = try #require(Command.locate("ldd"))
        let libraries = try await Command(ldd, [add.string]).run().outputText.split(whereSeparator: \.isWhitespace)
            .filter { $0.hasPrefix("/") }.map(String.init)
        for file in [add.string] + libraries {
            let target = shop.path.appending("client").appending(file)
            try FileManager.default.createDirectory(
                atPath: target.removingLastComponent().string, withIntermediateDirectories: true)
            let real = URL(filePath: file).resolvingSymlinksInPath().path
            try FileManager.default.copyItem(atPath: real, toPath: target.string)
        }
        try shop.write("etc/none", "", in: "client")
        let image = try await shop.build("FROM base\nCOPY . /", context: "client")
        try await shop.engine.tag(BuiltTarget([image]), as: ImageReference(parsing: "client"))
    }

    @Test func keysAreListedAndNothingElseIsDone() async throws {
        let shop = try await Workshop()
        try await Self.addClient(to: shop)
        let key = try await Self.makeKey("key", in: shop)
        let other = try await Self.makeKey("other", in: shop)
        let log = EventLog()
        let image = try await shop.build(
            """
            FROM client
            RUN --mount=type=ssh --mount=type=ssh,id=two,target=/tmp/two.sock,mode=0666 echo $SSH_AUTH_SOCK > /out \\
                && stat -c '%a %u:%g %F' $SSH_AUTH_SOCK /tmp/two.sock >> /out && ssh-add -L >> /out \\
                && ! ssh-add -D && ! ssh-add -x < /dev/null
            USER app
            RUN --mount=type=ssh,id=two,uid=1000,required ssh-add -L > /tmp/out
            RUN --mount=type=ssh,id=two,required ! ssh-add -L
            RUN --mount=type=ssh ls -d /run/buildkit || true
            """, log: log
        ) {
            $0.secrets = BuildSecrets(keys: [
                "default": .files([shop.path.appending("key")]), "two": .files([shop.path.appending("other")]),
            ])
        }
        let tree = try await shop.tree(of: image)
        let expected = "/run/buildkit/ssh_agent.0\n600 0:0 socket\n666 0:0 socket\n\(key)"
        #expect(tree["out"] == "file 644 0:0 \"\(expected)\"" || tree["out"] == Digest.line(expected), "\(log.output)")
        #expect(tree["tmp/out"] == "file 644 1000:100 \"\(other)\"")
        #expect(tree.keys.filter { $0.hasPrefix("run") || $0.hasSuffix("sock") } == [])
        // The agent has its key still.
        #expect(try SecretTests.processes("cmdline", holding: "/proc/self/fd/3/agent") == [])
    }

    @Test func anAgentOfTheHostIsReachedThroughItsSocket() async throws {
        let shop = try await Workshop()
        try await Self.addClient(to: shop)
        let key = try await Self.makeKey("key", in: shop)
        let socket = shop.path.appending("agent.sock")
        let agent = try await Command(
            try #require(Command.locate("ssh-agent")), ["-D", "-a", socket.string]
        ).start()
        defer { agent.kill() }
        while !FileManager.default.fileExists(atPath: socket.string) { try await Task.sleep(for: .milliseconds(5)) }
        var add = Command(try #require(Command.locate("ssh-add")), ["-q", shop.path.appending("key").string])
        add.environment.append("SSH_AUTH_SOCK=\(socket)")
        #expect(try await add.run().status.isSuccess)
        let image = try await shop.build("FROM client\nRUN --mount=type=ssh,id=host ssh-add -L > /out") {
            $0.secrets = BuildSecrets(keys: ["host": .agent(socket)])
        }
        #expect(try await shop.tree(of: image)["out"] == "file 644 0:0 \"\(key)\"")
    }

    @Test func keysThatCannotBeLoadedFailTheStepWithTheReason() async throws {
        let shop = try await Workshop()
        try shop.write("no-key", "nothing", mode: 0o600)
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nRUN --mount=type=ssh true") {
                $0.secrets = BuildSecrets(keys: ["default": .files([shop.path.appending("context/no-key")])])
            }
        }
        #expect(error?.description.contains("cannot load the keys `default`") == true, "\(error!)")
        let silent = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nRUN --mount=type=ssh true") {
                $0.secrets = BuildSecrets(keys: ["default": .agent("/nowhere/agent")])
            }
        }
        #expect(silent?.description.contains("the ssh agent does not answer") == true, "\(silent!)")
    }
}

extension Digest {
    /// As trees show long files.
    fileprivate static func line(_ text: String) -> String { "file 644 0:0 \(Digest.of(Array(text.utf8)))" }
}
