import Foundation
import Git
import HTTP
import SystemPackage
import TestServers
import Testing

@Suite(.timeLimit(.minutes(2)))
struct GitMirrorTests {
    let workspace: GitWorkspace
    let main: RefName

    init() async throws {
        workspace = try await GitWorkspace()
        main = try RefName("refs/heads/main")
    }

    enum Server: CaseIterable {
        case protocol2, protocol0, file
    }

    private func url(_ kind: Server) throws -> String {
        kind == .file ? workspace.fileURL : try workspace.serve(ignoresProtocol: kind == .protocol0).url
    }

    @Test(arguments: Server.allCases)
    func fetchedTreesEqualWhatGitLists(kind: Server) async throws {
        try workspace.write("hello\n", to: "README")
        try workspace.write("#!/bin/sh\n", to: "bin/run")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: workspace.clone.appending("bin/run").string)
        try FileManager.default.createSymbolicLink(
            atPath: workspace.clone.appending("link").string, withDestinationPath: "bin/run")
        let commit = try await workspace.commit("First line\n\nmore")
        let mirror = try workspace.mirror(of: url(kind))
        #expect(try await !mirror.contains(commit))
        await expectError(.notFound) { _ = try await mirror.tree(of: commit) }

        try await mirror.ensure(commit, seenAt: main)
        #expect(try await mirror.contains(commit))
        let tree = try await mirror.tree(of: commit)
        let listing = try await workspace.git("ls-tree", "-r", "-t", "--full-tree", "-l", commit.hex)
        let ours = tree.entries.map { entry in
            let mode =
                switch entry.kind {
                case .file: "100644 blob"
                case .executable: "100755 blob"
                case .symbolicLink: "120000 blob"
                case .directory: "040000 tree"
                case .submodule: "160000 commit"
                }
            let size = entry.kind == .directory ? "-" : String(entry.size)
            return "\(mode) \(entry.id) " + String(repeating: " ", count: 7 - size.count) + "\(size)\t\(entry.pathText)"
        }
        #expect(ours.joined(separator: "\n") == listing)
        #expect(try await tree.id.hex == workspace.git("rev-parse", "HEAD^{tree}"))

        let readme = try #require(try await mirror.entry("README", of: commit))
        #expect(try await mirror.blob(readme.id, limit: 6) == Array("hello\n".utf8))
        #expect(try await mirror.withBlob(readme.id, limit: 6) { $0.byteCount } == 6)
        await expectError(.limitExceeded) { _ = try await mirror.blob(readme.id, limit: 5) }
        #expect(try await mirror.tree(of: commit, at: "bin").entries.map(\.pathText) == ["run"])
        #expect(try await mirror.entry("bin/absent", of: commit) == nil)
        await expectError(.notFound) { _ = try await mirror.tree(of: commit, at: "absent") }
        await expectError(.notFound) { _ = try await mirror.tree(of: commit, at: "link") }

        let metadata = try await mirror.commit(commit)
        #expect(metadata.summary == "First line")
        #expect(metadata.author.name == "Ada")
        #expect(metadata.author.email == "ada@example.org")
        #expect(metadata.author.time == 1_700_000_000)
        #expect(metadata.committer.name == "Bob")
        #expect(metadata.commitTime == 1_700_000_100)
        #expect(metadata.parents.isEmpty)
    }

    @Test(arguments: Server.allCases)
    func laterFetchesBuildUponEarlierOnes(kind: Server) async throws {
        let mirror = try workspace.mirror(of: url(kind))
        var commits: [CommitID] = []
        for number in 0..<3 {
            try workspace.write("\(number)\n", to: "file-\(number)")
            commits.append(try await workspace.commit("commit \(number)"))
            try await mirror.ensure(commits[number], seenAt: main)
        }
        #expect(try await mirror.tree(of: commits[2]).entries.count == 3)
        #expect(try await mirror.tree(of: commits[0]).entries.count == 1)
        #expect(try await mirror.commit(commits[2]).parents == [commits[1]])
        // Foreign git agrees that the mirror is sound.
        try await workspace.git("fsck", "--strict", "--no-dangling", in: mirror.path)
    }

    @Test func unchangedFilesAreNotTransferredAgain() async throws {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<40_000).map { _ in String(random.next(), radix: 36) }.joined()
        try workspace.write(noise, to: "large")
        let first = try await workspace.commit("one")
        let server = try workspace.serve()
        let mirror = try workspace.mirror(of: server.url)
        try await mirror.ensure(first, seenAt: main)
        let before = server.bytesSent
        try workspace.write("small\n", to: "small")
        let second = try await workspace.commit("two")
        try await mirror.ensure(second, seenAt: main)
        #expect(before > 300_000)
        #expect(server.bytesSent - before < 2000)
        #expect(try await mirror.tree(of: second).entries.count == 2)
    }

    @Test func historyIsLeftOnTheServer() async throws {
        let first = try await workspace.commit("one")
        let second = try await workspace.commit("two")
        let mirror = try workspace.mirror(of: url(.protocol2))
        try await mirror.ensure(second, seenAt: main)
        #expect(try await !mirror.contains(first))
        try await mirror.ensure(first)
        #expect(try await mirror.contains(first))
    }

    @Test(arguments: Server.allCases)
    func commitsBehindTheTipOfTheirRefAreFetched(kind: Server) async throws {
        let first = try await workspace.commit("one")
        _ = try await workspace.commit("two")
        let mirror = try workspace.mirror(of: url(kind))
        try await mirror.ensure(first, seenAt: main)
        #expect(try await mirror.commit(first).summary == "one")
    }

    @Test(arguments: Server.allCases)
    func absentCommitsAreNotFound(kind: Server) async throws {
        _ = try await workspace.commit("one")
        let mirror = try workspace.mirror(of: url(kind))
        let absent = try #require(CommitID(String(repeating: "1", count: 40)))
        let message = await expectError(.notFound) { try await mirror.ensure(absent, seenAt: main) }
        #expect(message.contains("111111111111"))
        await expectError(.notFound) { try await mirror.ensure(absent) }
    }

    @Test func objectsThatAreNoCommitsAreRefused() async throws {
        try workspace.write("x", to: "x")
        let commit = try await workspace.commit("one")
        let tree = try #require(CommitID(try await workspace.git("rev-parse", "HEAD^{tree}")))
        let mirror = try workspace.mirror(of: url(.protocol2))
        try await mirror.ensure(commit)
        await expectError(.notFound) { try await mirror.ensure(tree) }
        await expectError(.unsupported) {
            try await mirror.ensure(try #require(CommitID(String(repeating: "1", count: 64))))
        }
    }

    // MARK: Damage

    enum Damage: CaseIterable {
        case flippedBytes, noIndex, noPack, emptyConfiguration, noHead, brokenPin
    }

    @Test(arguments: Damage.allCases, [Server.protocol2, .file])
    func damagedMirrorsAreMadeAnew(damage: Damage, kind: Server) async throws {
        try workspace.write(String(repeating: "content ", count: 2000), to: "file")
        let commit = try await workspace.commit("one")
        let address = try url(kind)
        let path = try await { () async throws -> FilePath in
            let mirror = try workspace.mirror(of: address)
            try await mirror.ensure(commit, seenAt: main)
            return mirror.path
        }()
        try inflict(damage, on: path.string)

        let mirror = try workspace.mirror(of: address)
        // What is needed for the commit may still be readable, or the damage shows at the first reading.
        if let tree = try? await mirror.tree(of: commit), let file = tree.entries.first {
            _ = try? await mirror.blob(file.id, limit: 1 << 20)
        }
        try await mirror.ensure(commit, seenAt: main)
        let file = try #require(try await mirror.tree(of: commit).entries.first)
        #expect(try await mirror.blob(file.id, limit: 1 << 20).count == 16000)
        try workspace.write("more", to: "more")
        let next = try await workspace.commit("two")
        try await mirror.ensure(next, seenAt: main)
        #expect(try await mirror.tree(of: next).entries.count == 2)
    }

    private func inflict(_ damage: Damage, on path: String) throws {
        let packs = try FileManager.default.contentsOfDirectory(atPath: "\(path)/objects/pack").map {
            "\(path)/objects/pack/\($0)"
        }
        let pack = try #require(packs.first { $0.hasSuffix(".pack") })
        let index = try #require(packs.first { $0.hasSuffix(".idx") })
        switch damage {
        case .flippedBytes:
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: pack))
            for offset in stride(from: 12, to: bytes.count - 20, by: 7) { bytes[offset] ^= 0x55 }
            try bytes.write(to: URL(fileURLWithPath: pack))
        case .noIndex: try FileManager.default.removeItem(atPath: index)
        case .noPack: try FileManager.default.removeItem(atPath: pack)
        case .emptyConfiguration: try Data("[core\n".utf8).write(to: URL(fileURLWithPath: "\(path)/config"))
        case .noHead: try FileManager.default.removeItem(atPath: "\(path)/HEAD")
        case .brokenPin:
            let pins = "\(path)/refs/caisson"
            for name in try FileManager.default.contentsOfDirectory(atPath: pins) {
                try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: "\(pins)/\(name)"))
            }
        }
    }

    // MARK: Bad servers

    @Test(arguments: [Server.protocol2, .protocol0])
    func hangingServersEndInATimeoutAndLeaveNothingBehind(kind: Server) async throws {
        try workspace.write(String(repeating: "content", count: 1000), to: "file")
        let commit = try await workspace.commit("one")
        let server = try workspace.serve(ignoresProtocol: kind == .protocol0) { request in
            request.method == "POST" ? .stalled(after: 150) : .backend
        }
        let hanging = try workspace.mirror(of: server.url) { $0.deadline = .seconds(1) }
        await expectError(.timeout) { try await hanging.ensure(commit, seenAt: main) }
        server.stop()
        #expect(try await !hanging.contains(commit))
        let left = try FileManager.default.subpathsOfDirectory(atPath: workspace.mirrors.string)
        #expect(!left.contains { $0.hasSuffix(".pack") })
    }

    @Test func interruptedAnswersAreErrorsAndTheNextFetchWorks() async throws {
        let commit = try await workspace.commit("one")
        let body = Array("000dpackfile\n0009\u{1}PACK".utf8)
        let server = try workspace.serve { request in
            request.method == "POST" ? .raw(status: "200 OK", headers: [:], body: body) : .backend
        }
        let mirror = try workspace.mirror(of: server.url)
        await expectError(.unreachable) { try await mirror.ensure(commit) }
        let good = try workspace.mirror(of: url(.protocol2))
        try await good.ensure(commit)
    }

    @Test(arguments: [
        "PACK\u{0}\u{0}\u{0}\u{2}\u{0}\u{0}\u{0}\u{1}garbage that is no object at all",
        "PACK\u{0}\u{0}\u{0}\u{2}\u{7F}\u{7F}\u{7F}\u{7F}1234567890123456789012345678901234567890",
        "no pack at all, but more than twelve bytes",
    ])
    func brokenPacksAreTheServersFault(pack: String) async throws {
        let commit = try await workspace.commit("one")
        let line = String(format: "%04x", pack.utf8.count + 5) + "\u{1}\(pack)"
        let server = try workspace.serve { request in
            guard request.method == "POST" else { return .backend }
            return .raw(status: "200 OK", headers: [:], body: Array("000dpackfile\n\(line)0000".utf8))
        }
        let mirror = try workspace.mirror(of: server.url)
        do {
            try await mirror.ensure(commit)
            Issue.record("a broken pack was taken")
        } catch let error as GitError {
            #expect([.protocolViolation, .limitExceeded].contains(error.code), "\(error)")
        }
    }

    @Test func anotherCommitThanTheWantedOneIsNotTakenForIt() async throws {
        let first = try await workspace.commit("one")
        let absent = try #require(CommitID(String(repeating: "2", count: 40)))
        var body = "0012command=fetch\n0001"
        for line in ["ofs-delta\n", "deepen 1\n", "want \(first)\n", "done\n"] {
            body += String(format: "%04x", line.utf8.count + 4) + line
        }
        let honest = try workspace.serve()
        let request = HTTPRequest(
            .post, try HTTPURL(parsing: "\(honest.url)/git-upload-pack"),
            headers: ["Git-Protocol": "version=2", "Content-Type": "application/x-git-upload-pack-request"],
            body: .bytes(Array((body + "0000").utf8)))
        let pack = try await workspace.client.send(request).body.collect(upTo: 1 << 20)
        let server = try workspace.serve { request in
            request.method == "POST" ? .raw(status: "200 OK", headers: [:], body: pack) : .backend
        }
        let mirror = try workspace.mirror(of: server.url)
        await expectError(.notFound) { try await mirror.ensure(absent) }
        #expect(try await mirror.contains(first))
    }

    @Test(arguments: Server.allCases)
    func largePacksAreRefused(kind: Server) async throws {
        var random = SystemRandomNumberGenerator()
        try workspace.write((0..<40_000).map { _ in String(random.next(), radix: 36) }.joined(), to: "large")
        let commit = try await workspace.commit("one")
        let mirror = try workspace.mirror(of: url(kind)) { $0.packBytes = 100_000 }
        await expectError(.limitExceeded) { try await mirror.ensure(commit, seenAt: main) }
        #expect(try await !mirror.contains(commit))
        let crowded = try workspace.mirror(of: url(kind)) { $0.objects = 2 }
        await expectError(.limitExceeded) { try await crowded.ensure(commit, seenAt: main) }
        let wide = try workspace.mirror(of: url(kind)) { $0.tree.entries = 0 }
        await expectError(.limitExceeded) { try await wide.ensure(commit, seenAt: main) }
    }

    @Test func concurrentFetchesOfOneMirrorAreOne() async throws {
        let commit = try await workspace.commit("one")
        let server = try workspace.serve()
        let mirrors = try (0..<4).map { _ in try workspace.mirror(of: server.url) }
        try await withThrowingTaskGroup { group in
            for mirror in mirrors { group.addTask { try await mirror.ensure(commit, seenAt: main) } }
            for mirror in mirrors.prefix(2) { group.addTask { try await mirror.ensure(commit, seenAt: main) } }
            try await group.waitForAll()
        }
        for mirror in mirrors { #expect(try await mirror.contains(commit)) }
        #expect(server.requests.count { $0.method == "POST" } == 1)
    }

    @Test func cancelledFetchesEndAtOnce() async throws {
        let commit = try await workspace.commit("one")
        let server = try workspace.serve { $0.method == "POST" ? .stalled(after: 10) : .backend }
        let mirror = try workspace.mirror(of: server.url)
        let task = Task { try await mirror.ensure(commit) }
        while server.requests.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func programsWithoutTheHelperAreNamed() async throws {
        let commit = try await workspace.commit("one")
        for program: FilePath in ["/bin/false", "/bin/true", "/absent"] {
            let remote = GitRemote(client: workspace.client, helper: GitHelper(program: program))
            let mirror = GitMirror(of: try anyURL(workspace.fileURL), in: workspace.mirrors, remote: remote)
            await expectError(.system) { try await mirror.ensure(commit) }
        }
    }
}
