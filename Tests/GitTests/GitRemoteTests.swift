import Foundation
import Git
import HTTP
import SystemPackage
import TestServers
import Testing

@Suite(.timeLimit(.minutes(2)))
struct GitRemoteTests {
    let workspace: GitWorkspace

    init() async throws { workspace = try await GitWorkspace() }

    enum Server: CaseIterable {
        case protocol2, protocol0, file
    }

    @Test(arguments: Server.allCases)
    func refsAreListedWithPeeledTagsAndTheDefaultBranch(kind: Server) async throws {
        let first = try await workspace.commit("one")
        try await workspace.git("tag", "-a", "-m", "release", "v1")
        try await workspace.git("push", "--quiet", "origin", "v1")
        let second = try await workspace.commit("two")
        _ = try await workspace.commit("three", push: "other")
        let server = try workspace.serve(ignoresProtocol: kind == .protocol0)
        let url = try anyURL(kind == .file ? workspace.fileURL : server.url)
        let remote = workspace.remote()

        for _ in 0..<2 {
            let listed = try await remote.advertisement(of: url, prefixes: ["HEAD", "refs/heads/main", "refs/tags/"])
            #expect(
                listed.refs == [
                    .head: second, try RefName("refs/heads/main"): second, try RefName("refs/tags/v1"): first,
                ])
            #expect(listed.defaultBranch?.text == "refs/heads/main")
        }
        #expect(try await remote.refs(of: url).count == 4)
    }

    @Test func pollOfFiveThousandRefsTransfersOnlyTheWantedOne() async throws {
        let commit = try await workspace.commit("one")
        // Git expects packed refs in order.
        let names = (0..<5000).map { "refs/pull/\($0)/head" }.sorted()
        let packed = "# pack-refs with: sorted\n" + names.map { "\(commit) \($0)\n" }.joined()
        try Data(packed.utf8).write(to: URL(fileURLWithPath: workspace.bare.appending("packed-refs").string))
        let server = try workspace.serve()
        let remote = workspace.remote()
        let url = try anyURL(server.url)
        #expect(try await remote.refs(of: url, prefixes: ["refs/heads/"]).count == 1)
        let before = server.bytesSent
        #expect(try await remote.refs(of: url, prefixes: ["refs/heads/"]).count == 1)
        #expect(server.bytesSent - before < 200)
        #expect(server.requests.count == 3)
        #expect(try await remote.refs(of: url).count == 5002)
    }

    /// libgit2 1.5 does not know their names; who asks for one learns why it is not there.
    @Test(arguments: Server.allCases)
    func repositoriesWithOtherNamesAreRefusedByTheirHash(kind: Server) async throws {
        let bare = workspace.root.appending("served/other.git").string
        try await workspace.git("init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", bare)
        let tree = try await workspace.git("hash-object", "-t", "tree", "-w", "--stdin", in: FilePath(bare))
        let commit = try await workspace.git("commit-tree", "-m", "one", tree, in: FilePath(bare))
        try await workspace.git("update-ref", "refs/heads/main", commit, in: FilePath(bare))
        let server = try workspace.serve(ignoresProtocol: kind == .protocol0)
        let url = try anyURL(kind == .file ? "file://\(bare)" : "http://127.0.0.1:\(server.port)/other.git")
        let mirror = try workspace.mirror(of: url.description)
        let error = await #expect(throws: GitError.self) {
            _ = try await workspace.remote().refs(of: url)
            try await mirror.ensure(try #require(CommitID(commit)), seenAt: nil)
        }
        #expect(error?.code == .unsupported && error?.message.contains("SHA-256") == true, "\(error as Any)")
    }

    @Test func emptyRepositoriesHaveNoRefs() async throws {
        for ignoresProtocol in [false, true] {
            let server = try workspace.serve(ignoresProtocol: ignoresProtocol)
            #expect(try await workspace.remote().refs(of: anyURL(server.url)).isEmpty)
        }
        #expect(try await workspace.remote().refs(of: anyURL(workspace.fileURL)).isEmpty)
    }

    @Test func absentRepositoriesAndServersAreToldApart() async throws {
        let server = try workspace.serve()
        let absent = "http://127.0.0.1:\(server.port)/absent.git"
        await expectError(.repositoryNotFound) { _ = try await workspace.remote().refs(of: anyURL(absent)) }
        await expectError(.repositoryNotFound) {
            _ = try await workspace.remote().refs(of: anyURL("file://\(workspace.root)/absent"))
        }
        server.stop()
        let message = await expectError(.unreachable) { _ = try await workspace.remote().refs(of: anyURL(server.url)) }
        #expect(message.contains(server.url))
    }

    @Test func credentialsAreSentOnceAndNeverShown() async throws {
        let commit = try await workspace.commit("one")
        let expected = "Basic " + Data("ada:s3cret".utf8).base64EncodedString()
        let server = try workspace.serve(ignoresProtocol: true) { request in
            request.headers["authorization"] == expected
                ? .backend : .raw(status: "401 No", headers: ["WWW-Authenticate": "Basic realm=\"x\""], body: [])
        }
        let url = try anyURL(server.url)
        let right = GitCredentials.password(user: "ada", Secret("s3cret"))
        let wrong = GitCredentials.password(user: "ada", Secret("s3cretish"))
        #expect(try await workspace.remote().refs(of: url, prefixes: ["HEAD"], credentials: right).count == 1)
        await expectError(.unauthorized) { _ = try await workspace.remote().refs(of: url) }
        let message = await expectError(.unauthorized) {
            _ = try await workspace.remote().refs(of: url, credentials: wrong)
        }
        #expect(!message.contains("s3cret"))

        let mirror = try workspace.mirror(of: server.url)
        let before = server.requests.count
        let refusal = await expectError(.unauthorized) { try await mirror.ensure(commit, credentials: wrong) }
        #expect(!refusal.contains("s3cret"))
        #expect(server.requests.count - before < 4)
        try await mirror.ensure(commit, seenAt: try RefName("refs/heads/main"), credentials: right)
        #expect(try await mirror.contains(commit))
    }

    @Test func hangingServersEndInATimeout() async throws {
        _ = try await workspace.commit("one")
        let server = try workspace.serve { _ in .stalled(after: 20) }
        defer { server.stop() }
        await expectError(.timeout) {
            _ = try await workspace.remote().refs(of: anyURL(server.url), timeout: .seconds(1))
        }
        await expectError(.timeout) {
            _ = try await workspace.remote().refs(of: anyURL("git://127.0.0.1:\(server.port)/a"), timeout: .seconds(1))
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        let elsewhere = try workspace.serve()
        let target = elsewhere.url
        let server = try workspace.serve { request in
            .raw(status: "302 Found", headers: ["Location": "\(target)/info/refs?\(request.query)"], body: [])
        }
        let credentials = GitCredentials.password(user: "ada", Secret("s3cret"))
        await expectError(.protocolViolation) {
            _ = try await workspace.remote().refs(of: anyURL(server.url), credentials: credentials)
        }
        #expect(elsewhere.requests.isEmpty)
    }

    static let type = ["Content-Type": "application/x-git-upload-pack-advertisement"]

    @Test(arguments: [
        ("200 OK", ["Content-Type": "text/html"], "<html>", GitError.Code.protocolViolation),
        ("200 OK", type, "<html>", .protocolViolation),
        ("200 OK", type, "", .protocolViolation),
        ("200 OK", type, "000eversion 2\n", .protocolViolation),
        ("200 OK", type, "0003", .protocolViolation),
        ("200 OK", type, "fff1", .protocolViolation),
        ("200 OK", type, "0009xyz\n\n0000", .protocolViolation),
        ("200 OK", type, "0010ERR no such0000", .repositoryNotFound),
        ("429 Slow", [:], "", .rateLimited),
        ("503 Busy", [:], "", .rateLimited),
        ("500 Oops", [:], "", .unreachable),
        ("403 No", [:], "", .unauthorized),
        ("418 Tea", [:], "", .protocolViolation),
    ])
    func brokenServersAreNamedForWhatTheyAre(
        status: String, headers: [String: String], body: String, code: GitError.Code
    ) async throws {
        let server = try workspace.serve { _ in .raw(status: status, headers: headers, body: Array(body.utf8)) }
        await expectError(code) { _ = try await workspace.remote().refs(of: anyURL(server.url)) }
    }

    @Test func hostileRefNamesAreLeftOut() async throws {
        let id = String(repeating: "1", count: 40)
        let names = [
            "refs/heads/good", "refs/heads/../../x", "refs/heads/a\nb", "refs/heads/\u{1B}[31m", "refs/heads/a b",
        ]
        let lines = names.map { String(format: "%04x", 40 + 1 + $0.utf8.count + 4) + "\(id) \($0)" }.joined()
        let body =
            Array((lines + "003f\(id) refs/heads/").utf8) + [0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF]
            + Array("0000".utf8)
        let server = try workspace.serve { _ in .raw(status: "200 OK", headers: Self.type, body: body) }
        let listed = try await workspace.remote().advertisement(of: anyURL(server.url))
        #expect(listed.refs.keys.map(\.text) == ["refs/heads/good"])
        #expect(listed.refusedNames == 5)
    }
}
