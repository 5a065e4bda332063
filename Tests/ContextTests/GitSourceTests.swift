import Build
import Engine
import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// ADD of repositories, from git's own server on loopback.
@Suite(.timeLimit(.minutes(3)))
struct GitSourceTests {
    let yard: Yard
    let served: ServedRepository

    init() async throws {
        yard = try Yard()
        served = try await ServedRepository()
    }

    private func commitSample() async throws -> String {
        try served.write("A", to: "a")
        try served.write("#!/bin/sh\n", to: "bin/run", mode: 0o775)
        try served.write("S", to: "sub/s", mode: 0o600)
        return try await served.commit()
    }

    private static let sample = ["a": "644 A", "bin/run": "755 #!/bin/sh\n", "sub/s": "644 S"]

    @Test func theFilesOfTheDefaultBranchComeWithoutItsRepository() async throws {
        _ = try await commitSample()
        let image = try await yard.build("FROM scratch\nADD \(served.url) /")
        #expect(try await yard.files(of: image) == Self.sample)
    }

    @Test func refsAndSubdirectoriesAreTakenFromFragmentAndQuery() async throws {
        let first = try await commitSample()
        try await served.git("tag", "v1")
        try await served.git("push", "--quiet", "origin", "v1")
        try served.write("changed", to: "sub/s")
        try await served.commit(branch: "f/x")
        for (rest, text) in [
            ("#v1:sub", "644 S"), ("?tag=v1&subdir=sub", "644 S"), ("#f/x:sub", "644 changed"),
            ("?branch=f%2Fx#:sub", "644 changed"), ("#refs/heads/f/x:sub", "644 changed"), ("#\(first):sub", "644 S"),
            ("?commit=\(first)&subdir=sub", "644 S"), ("?ref=v1&commit=\(first.prefix(10))&subdir=sub", "644 S"),
        ] {
            let image = try await yard.build("FROM scratch\nADD \(served.url)\(rest) /d")
            #expect(try await yard.files(of: image) == ["d/s": text], "\(rest)")
        }
    }

    @Test func aRefIsAskedForOnceInABuild() async throws {
        _ = try await commitSample()
        let before = served.server.requests.count
        try await yard.build("FROM scratch\nADD \(served.url)#main:sub /a\nADD \(served.url)#main:bin /b")
        let asked = served.server.requests.dropFirst(before).count { request in
            String(decoding: request.body, as: UTF8.self).contains("command=ls-refs")
        }
        #expect(asked == 1)
    }

    @Test func theContentCountsAndNotTheCommit() async throws {
        _ = try await commitSample()
        let first = try await yard.build("FROM scratch\nADD \(served.url)#main:sub /")
        try served.write("elsewhere", to: "a")
        try await served.commit()
        let second = try await yard.build("FROM scratch\nADD \(served.url)#main:sub /")
        #expect(yard.outcomes == ["cached"])
        #expect(first.chain == second.chain)
    }

    @Test func aChecksumIsTheBeginningOfTheCommit() async throws {
        let commit = try await commitSample()
        let image = try await yard.build("FROM scratch\nADD --checksum=\(commit.prefix(12)) \(served.url)#main /")
        #expect(try await yard.files(of: image) == Self.sample)
        // A whole id needs no branch to be found by, whatever the branch is at now.
        try served.write("later", to: "a")
        let later = try await served.commit()
        let pinned = try await yard.build("FROM scratch\nADD --checksum=\(commit) \(served.url) /")
        #expect(try await yard.files(of: pinned) == Self.sample)
        let message = await yard.failure("FROM scratch\nADD --checksum=\(commit.prefix(12)) \(served.url)#main /")
        #expect(message.contains(later) && message.contains("line 2"), "\(message)")
    }

    @Test(arguments: [
        ("#nowhere", "neither a tag nor a branch `nowhere`"), ("?tag=main", "no tag `main`"),
        ("#abcdef01", "neither a tag nor a branch"), ("#:nowhere", "no directory `nowhere`"),
        ("#:a", "`a` in commit"),
    ])
    func whatIsNotThereIsNamed(_ rest: String, _ expected: String) async throws {
        _ = try await commitSample()
        let message = await yard.failure("FROM scratch\nADD \(served.url)\(rest) /")
        #expect(message.contains(expected) && message.contains("line 2"), "\(message)")
    }

    @Test func aSubdirectoryIsNotSoughtThroughLinks() async throws {
        _ = try await commitSample()
        try FileManager.default.createSymbolicLink(
            atPath: served.root.appending("repository/link").string, withDestinationPath: "/etc")
        try await served.commit()
        let message = await yard.failure("FROM scratch\nADD \(served.url)#:link /")
        #expect(message.contains("`link` in commit"), "\(message)")
    }

    // MARK: .git

    @Test func aKeptRepositoryIsTheSameEverywhereAndGitTakesIt() async throws {
        _ = try await commitSample()
        try served.write(String(repeating: "long ", count: 40_000), to: "long")
        let commit = try await served.commit()
        let dockerfile = "FROM scratch\nADD --keep-git-dir=true \(served.url) /"
        let first = try await yard.build(dockerfile)
        let second = try await Yard().build(dockerfile)
        #expect(first.digest == second.digest)
        let directory = try await yard.export(first, to: "out")
        for (arguments, expected) in [
            (["rev-parse", "HEAD"], commit), (["status", "--porcelain"], ""), (["fsck", "--full", "--strict"], ""),
            (["log", "--format=%an %s"], "Ada work"),
        ] {
            let words = ["-c", "safe.directory=*"] + arguments
            let output = try await git(words, in: directory)
            #expect(output == expected, "\(arguments)")
        }
    }

    private func git(_ words: [String], in directory: FilePath) async throws -> String {
        var command = Command("/usr/bin/git", words, environment: GitHTTPServer.environment(home: yard.path))
        command.directory = directory
        let result = try await command.run()
        try #require(result.status.isSuccess, "git \(words): \(result.errorText)")
        return result.outputText.trimmingCharacters(in: .newlines)
    }

    // MARK: Submodules

    private func commitWithSubmodule(url: String, path: String = "lib") async throws {
        try await served.add("library")
        try served.write("L", to: "l", in: "library")
        let commit = try await served.commit(in: "library")
        try served.write("A", to: "a")
        try served.write("[submodule \"x\"]\n\tpath = \(path)\n\turl = \(url) ; beside\n", to: ".gitmodules")
        try await served.git("update-index", "--add", "--cacheinfo", "160000,\(commit),lib")
        try await served.git("add", "--all", "--", "a", ".gitmodules")
        try await served.git("commit", "--quiet", "-m", "with a submodule")
        try await served.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
    }

    @Test func submodulesAreLeftOutUnlessAskedFor() async throws {
        try await commitWithSubmodule(url: "../library.git")
        let without = try await yard.build("FROM scratch\nADD \(served.url) /")
        #expect(try await yard.files(of: without)["lib/l"] == nil)
        let with = try await yard.build("FROM scratch\nADD \(served.url)?submodules=1 /")
        #expect(try await yard.files(of: with)["lib/l"] == "644 L")
    }

    @Test func aSubmoduleOfTheSameServerMayBeNamedInFull() async throws {
        try await commitWithSubmodule(url: served.url(of: "library"))
        let image = try await yard.build("FROM scratch\nADD \(served.url)?submodules /")
        #expect(try await yard.files(of: image)["lib/l"] == "644 L")
    }

    @Test(arguments: [
        "file:///etc", "ext::sh -c id", "/etc", "../../../../x.git", "http://127.0.0.1:1/x.git", "-oProxyCommand=id",
        "git://127.0.0.1/x.git", "../\\\\evil.git", "https://user:hush@",
    ])
    func aSubmoduleElsewhereIsRefused(_ url: String) async throws {
        try await commitWithSubmodule(url: url)
        let message = await yard.failure("FROM scratch\nADD \(served.url)?submodules=1 /")
        #expect(message.contains("the submodule `lib` cannot be fetched"), "\(message)")
        #expect(!message.contains("hush"))
    }

    @Test func aSubmoduleThatNothingDescribesIsRefused() async throws {
        try await commitWithSubmodule(url: "../library.git", path: "../lib")
        let message = await yard.failure("FROM scratch\nADD \(served.url)?submodules=1 /")
        #expect(message.contains("the submodule `lib` has no URL"), "\(message)")
    }

    // MARK: Refusals

    @Test func filesOfThisMachineAreNoSource() async throws {
        _ = try await commitSample()
        let message = await yard.failure(
            "FROM scratch\nADD git://127.0.0.1:1/x /\nADD file://\(served.root)/served/repository.git /")
        #expect(!message.contains("Permission"), "\(message)")
        let remotes = try yard.engine.remotes()
        #expect(throws: RemoteSourceError.self) {
            _ = try remotes.files(of: RemoteRequest(source: "git@localhost:-x"))
        }
    }

    @Test func thisMachineIsNotAskedWhereStrangersWriteDockerfiles() async throws {
        _ = try await commitSample()
        let before = served.server.requests.count
        let strict = try Yard { $0.allowsLocalAddresses = false }
        let message = await strict.failure("FROM scratch\nADD \(served.url) /")
        #expect(message.contains("cannot reach"), "\(message)")
        #expect(served.server.requests.count == before)
    }
}
