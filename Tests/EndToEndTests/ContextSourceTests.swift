import Foundation
import Linux
import SystemPackage
import TestServers
import Testing

/// Where the files of a build may come from, as whole processes.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Requirements.build, Requirements.buildComment))
struct ContextSourceTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func caisson(_ arguments: String..., input: [UInt8]) async throws -> Command.Result {
        try await caisson(arguments, input: input)
    }

    private func caisson(_ arguments: [String], input: [UInt8]) async throws -> Command.Result {
        var command = workspace.command(arguments)
        command.input = .bytes(input)
        return try await command.run()
    }

    private func git(_ words: String..., in directory: String) async throws {
        var command = Command("/usr/bin/git", words, environment: GitHTTPServer.environment(home: workspace.directory))
        command.directory = FilePath(workspace.path(directory))
        let result = try await command.run()
        try #require(result.status.isSuccess, "git \(words): \(result.errorText)")
    }

    /// A clone `clone` of the bare repository `served/repository.git`, whose Dockerfile in `service` runs something.
    private func repository() async throws {
        try workspace.context(
            "COPY message /\nRUN cat /message > /copy", named: "clone/service", files: ["message": "hello"])
        try await git("init", "--quiet", "--template=", "--initial-branch=main", ".", in: "clone")
        try await git("add", "--all", in: "clone")
        try await git("commit", "--quiet", "-m", "one", in: "clone")
        try await git("clone", "--quiet", "--bare", "--template=", "clone", "served/repository.git", in: ".")
    }

    @Test func aRepositoryAndItsCloneGiveTheSameImage() async throws {
        try await repository()
        let server = try GitHTTPServer(FilePath(workspace.path("served")))
        defer { server.stop() }
        let clone = try await workspace.succeed("build", "clone/service")
        let fetched = try await workspace.succeed("build", "\(server.url)#main:service")
        let local = try await workspace.succeed(
            "build", "file://\(workspace.path("served/repository.git"))?branch=main&subdir=service")
        #expect(clone == fetched && clone == local)
    }

    @Test func aCloneOfAnotherUserGivesTheSameImage() async throws {
        try await repository()
        let own = try await workspace.succeed("build", "clone/service")
        // As a clone whose HEAD only libgit2 reads.
        try await git("symbolic-ref", "refs/heads/link", "refs/heads/main", in: "clone")
        try await git("symbolic-ref", "HEAD", "refs/heads/link", in: "clone")
        try await workspace.tool("chown", "-R", "1234:1234", "clone")
        #expect(try await workspace.succeed("build", "clone/service") == own)
        try workspace.write("clone/.git/HEAD", "ref: refs/heads/main\n")
        #expect(try await workspace.succeed("build", "clone/service") == own)
    }

    @Test func aRepositoryIsFetchedFromGitsOwnDaemon() async throws {
        try await repository()
        let port = try LoopbackPort.unused()
        var command = Command(
            "/usr/bin/git",
            [
                "daemon", "--listen=127.0.0.1", "--port=\(port.number)", "--reuseaddr", "--export-all",
                "--base-path=\(workspace.path("served"))",
            ], environment: GitHTTPServer.environment(home: workspace.directory))
        command.output = .discard
        command.error = .discard
        let daemon = try await command.start()
        defer { daemon.kill() }
        try #require(try await HostCensus.wait { port.isListening })
        let url = "git://127.0.0.1:\(port.number)/repository.git#main:service"
        let result = try await workspace.caisson("build", url)
        #expect(result.code == 0, "\(result.errorText)")
    }

    @Test(.enabled(if: SSHServer.isInstalled, "sshd is not installed"))
    func aRepositoryIsOpenedByTheKeysOfTheAgent() async throws {
        try await repository()
        let server = try await SSHServer(in: workspace.directory)
        let socket = workspace.path("agent")
        var command = Command("/usr/bin/ssh-agent", ["-D", "-a", socket], environment: workspace.environment)
        command.output = .discard
        command.deadline = .seconds(120)
        let agent = try await command.start()
        defer { agent.kill() }
        try #require(try await HostCensus.wait { workspace.exists("agent") })
        let environment = ["SSH_AUTH_SOCK=\(socket)"]
        var add = Command("/usr/bin/ssh-add", [server.key.string], environment: workspace.environment + environment)
        add.deadline = .seconds(30)
        #expect(try await add.run().status.isSuccess)
        let url = server.url(of: FilePath(workspace.path("served/repository.git"))) + "#main:service"
        let stranger = try await workspace.caisson("build", url, environment: environment)
        #expect(stranger.code == 3 && stranger.errorText.contains("not known"), "\(stranger.errorText)")
        try workspace.write(".ssh/known_hosts", server.knownHost + "\n")
        let result = try await workspace.caisson("build", url, environment: environment)
        #expect(result.code == 0, "\(result.errorText)")
        let keyless = try await workspace.caisson("build", url.replacing("main:", with: "other:"))
        #expect(keyless.code == 2, "\(keyless.errorText)")
    }

    /// Rule 97 of the reference.
    @Test func aRepositoryIsKeptForABuildThatAsks() async throws {
        try await repository()
        try workspace.write("Other", "FROM scratch\nCOPY .git/HEAD /\n")
        let url = "file://\(workspace.path("served/repository.git"))"
        let arguments = ["build", "-f", "-", url]
        let without = try await caisson(arguments, input: workspace.bytes("Other"))
        #expect(without.code == 1 && without.errorText.contains("`.git/HEAD` is not in"), "\(without.errorText)")
        let with = try await caisson(
            arguments + ["--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"], input: workspace.bytes("Other"))
        #expect(with.code == 0, "\(with.errorText)")
    }

    @Test func standardInputIsAnArchiveOrADockerfile() async throws {
        try workspace.write("in/Dockerfile", "FROM scratch\nCOPY f /\n")
        try workspace.write("in/f", "F")
        let archive = try await caisson("build", "-", input: try await tar("-cz", "-C", "in", "."))
        #expect(archive.code == 0, "\(archive.errorText)")
        let bare = try await caisson("build", "-", input: Array("FROM scratch\nCOPY f /\n".utf8))
        #expect(bare.code == 1 && bare.errorText.contains("`f` is not in the build context"), "\(bare.errorText)")
        let mixed = try await caisson("build", "-f", "-", "in", input: Array("FROM scratch\nCOPY f /\n".utf8))
        #expect(mixed.code == 0 && mixed.outputText == archive.outputText, "\(mixed.errorText)")
        let both = try await caisson("build", "-f", "-", "-", input: [])
        #expect(both.code == 2 && both.errorText.contains("cannot be both"), "\(both.errorText)")
        let hostile = try await caisson("build", "-", input: try await tar("-cP", "-C", "in", "../in/f"))
        #expect(hostile.code == 2 && hostile.errorText.contains("`../in/f`"), "\(hostile.errorText)")
    }

    @Test func anArchiveOrADockerfileMayBeTheArgument() async throws {
        try workspace.write("in/Dockerfile", "FROM scratch\nCOPY a /\n")
        try workspace.write("in/a", "A")
        try workspace.write("in.tgz", try await tar("-cz", "-C", "in", "."))
        let built = try await workspace.succeed("build", "in")
        #expect(try await workspace.succeed("build", "in.tgz") == built)
        #expect(try await workspace.succeed("build", "in/Dockerfile") == built)
        #expect(try await workspace.succeed("build", "--file", "Dockerfile", "in.tgz") == built)
        let other = try await workspace.caisson("build", "--file", "in/Dockerfile", "in/a")
        #expect(other.code == 2 && other.errorText.contains("neither a directory nor an archive"), "\(other.errorText)")
    }

    private func tar(_ words: String...) async throws -> [UInt8] {
        var command = Command("/bin/tar", words, environment: workspace.environment)
        command.directory = workspace.directory
        return try await command.run().output
    }

    @Test func filesAreAddedFromServersAndAskedForAgain() async throws {
        let server = try ScriptedServer { request, _ in
            request.header("If-None-Match") == "\"1\"" ? .answer(304) : .answer(200, [("ETag", "\"1\"")], text: "data")
        }
        try workspace.context("ADD \(server.url)/f /d/\nRUN cat /d/f > /copy")
        // There is no context with a Dockerfile from standard input, and nothing that is fetched needs one.
        let bare = try await caisson("build", "-", input: Array("FROM scratch\nADD \(server.url)/f /d/\n".utf8))
        #expect(bare.code == 0, "\(bare.errorText)")
        let first = try await workspace.succeed("build", "app")
        let second = try await workspace.caisson("build", "app")
        #expect(second.outputText == first)
        #expect(server.requests.count == 3)
        #expect(!second.errorText.contains("DONE"), "\(second.errorText)")
        server.stop()
        let gone = try await workspace.caisson("build", "app")
        #expect(gone.code == 3 && gone.errorText.contains("cannot fetch `\(server.url)/f`"), "\(gone.errorText)")
    }

    @Test func theEnvironmentNamesTheProxy() async throws {
        let proxy = try ScriptedServer { _, _ in .answer(200, text: "content") }
        try workspace.write("app/Dockerfile", "FROM scratch\nADD http://nowhere.invalid/f /f\n")
        try await workspace.succeed("build", "app", environment: ["http_proxy=\(proxy.url)"])
        #expect(proxy.requests.map(\.target) == ["http://nowhere.invalid/f"])
    }

    @Test func theDockerfileMayComeFromAServer() async throws {
        try workspace.write("dir/f", "F")
        let server = try ScriptedServer { _, _ in .answer(200, text: "FROM scratch\nCOPY f /\n") }
        let mixed = try await workspace.succeed("build", "-f", "\(server.url)/Dockerfile", "dir")
        try workspace.write("dir/Dockerfile", "FROM scratch\nCOPY f /\n")
        #expect(try await workspace.succeed("build", "dir") == mixed)
        let alone = try await workspace.caisson("build", "\(server.url)/Dockerfile")
        #expect(alone.code == 1 && alone.errorText.contains("not in the build context"), "\(alone.errorText)")
    }

    @Test func namedContextsStandInForStagesAndImages() async throws {
        try workspace.context("RUN echo built > /made", named: "base")
        try await workspace.succeed("build", "-t", "127.0.0.1:1/base:1", "--output", "type=oci,dest=base.tar", "base")
        try workspace.write("layout/.keep", "")
        _ = try await workspace.tool("tar", "-x", "-f", "base.tar", "-C", "layout")
        try workspace.write("files/f", "F")
        try workspace.write("app/Dockerfile", "FROM base\nCOPY --from=files f /\nRUN cat /made /f > /both")
        var digests: Set<String> = []
        for base in ["docker-image://127.0.0.1:1/base:1", "oci-layout://layout"] {
            digests.insert(
                try await workspace.succeed(
                    "build", "app", "--build-context", "base=\(base)", "--build-context", "files=files"))
        }
        #expect(digests.count == 1)
        let unused = try await workspace.caisson(
            "build", "app", "--build-context", "base=oci-layout://layout", "--build-context", "files=files",
            "--build-context", "file=files")
        #expect(
            unused.code == 0 && unused.errorText.contains("`file`: that named context is not used"),
            "\(unused.errorText)")
    }

    @Test(arguments: [
        (["ftp://example.org/x"], 2, "is no build context"), (["http://127.0.0.1:1/x.git"], 3, "cannot reach"),
        (["http://user:hush@127.0.0.1:1/x"], 2, "user information"), (["nowhere"], 2, "nowhere"),
        (["https://u:hush@127.0.0.1:1/x.git#a..b"], 2, "no name that git allows"),
        ([".", "--build-context", "x"], 2, "name=context"),
        ([".", "--build-context", "x="], 2, "hint: for this directory, x=."),
        ([".", "--build-context", "x=nowhere"], 2, "named context `nowhere`: "),
        ([".", "--build-context", "x=.", "--build-context", "X=."], 2, "two named contexts"),
        ([".", "--build-context", "x=s3://y"], 2, "unknown scheme"),
    ])
    func whatCannotBeAContextIsSaidWithItsCode(_ arguments: [String], _ code: Int32, _ expected: String) async throws {
        try workspace.write("Dockerfile", "FROM scratch")
        let result = try await workspace.command(["build"] + arguments).run()
        #expect(result.code == code && result.errorText.contains(expected), "\(result.code) \(result.errorText)")
        #expect(!result.errorText.contains("hush"))
    }
}
