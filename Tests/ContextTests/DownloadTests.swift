import Archive
import Build
import Dockerfile
import Engine
import Git
import HTTP
import Linux
import OCI
import Registry
import Storage
import Synchronization
import SystemPackage
import TestServers
import Testing

/// ADD of files by URL, from a real server on loopback.
@Suite(.timeLimit(.minutes(2)))
struct DownloadTests {
    private func digest(_ text: String) -> String { Digest.of(Array(text.utf8)).description }

    @Test(arguments: [
        ("/pkg/tool.bin", "/d/", "d/tool.bin"), ("/pkg/tool.bin", "/renamed", "renamed"), ("/", "/d/", "d/__unnamed__"),
        ("/dir/", "/d/", "d/dir"), ("/a%20b?token=1", "/d/", "d/a b"), ("/x/%2e%2e", "/d/", "d/__unnamed__"),
        ("/x/..%2fetc%2fpasswd", "/d/", "d/passwd"), ("/odd[1]*.txt", "/d/", "d/odd[1]*.txt"),
    ])
    func aFileHasTheNameOfItsURLAndMode0600(_ target: String, _ destination: String, _ path: String) async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let image = try await yard.build("FROM scratch\nADD \"\(server.url)\(target)\" \(destination)")
        #expect(try await yard.files(of: image) == [path: "600 content"])
    }

    @Test(arguments: ["ETag", "Last-Modified"])
    func aFileThatDidNotChangeIsNotSentAgain(_ validator: String) async throws {
        let yard = try Yard()
        let value = validator == "ETag" ? "\"v1\"" : "Tue, 14 Nov 2023 22:13:20 GMT"
        let server = try ScriptedServer { request, _ in
            request.header(validator == "ETag" ? "If-None-Match" : "If-Modified-Since") == value
                ? .answer(304) : .answer(200, [(validator, value)], text: "content")
        }
        let dockerfile = "FROM scratch\nADD \(server.url)/f /f"
        let first = try await yard.build(dockerfile)
        let second = try await yard.build(dockerfile)
        #expect(first.digest == second.digest)
        #expect(yard.outcomes == ["cached"])
        #expect(server.requests.count == 2)
    }

    @Test func theContentCountsAndNotTheURL() async throws {
        let yard = try Yard()
        let content = Mutex("one")
        let server = try ScriptedServer { _, _ in .answer(200, text: content.withLock { $0 }) }
        try await yard.build("FROM scratch\nADD \(server.url)/a/f /f")
        try await yard.build("FROM scratch\nADD \(server.url)/b/f?x=1 /f")
        #expect(yard.outcomes == ["cached"])
        content.withLock { $0 = "two" }
        let image = try await yard.build("FROM scratch\nADD \(server.url)/a/f /f")
        #expect(yard.outcomes == ["ran"])
        #expect(try await yard.files(of: image) == ["f": "600 two"])
    }

    @Test func aFileWithAChecksumThatIsHereIsNotAskedFor() async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(200, text: "content") }
        try await yard.build("FROM scratch\nADD --checksum=\(digest("content")) \(server.url)/f /f")
        server.stop()
        let image = try await yard.build("FROM scratch\nADD --checksum=\(digest("content")) \(server.url)/other /g")
        #expect(try await yard.files(of: image) == ["g": "600 content"])
        #expect(server.requests.count == 1)
    }

    @Test func anotherFileThanTheChecksumSaysIsRefusedAndNotKept() async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(200, text: "evil") }
        let message = await yard.failure("FROM scratch\nADD --checksum=\(digest("good")) \(server.url)/f /f")
        #expect(message.contains("line 2") && message.contains(digest("evil")) && message.contains(digest("good")))
        #expect(try !yard.engine.store.blobs.contains(Digest(parsing: digest("evil"))))
    }

    @Test(arguments: [
        ("--checksum=md5:00", "/f", "unsupported digest algorithm `md5`"),
        ("--checksum=sha256:12", "/f", "the checksum `sha256:12` is malformed"),
        ("--keep-git-dir", "/f", "--keep-git-dir is for git repositories"),
    ])
    func flagsThatDoNotFitAreRefusedBeforeAnythingIsFetched(
        _ flag: String, _ path: String, _ expected: String
    ) async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let message = await yard.failure("FROM scratch\nADD \(flag) \(server.url)\(path) /f")
        #expect(message.contains("Dockerfile:2:") && message.contains(expected), "\(message)")
        #expect(server.requests.isEmpty)
    }

    @Test func aChecksumOfALocalFileOrOfSeveralSourcesIsRefused() async throws {
        let yard = try Yard()
        let checksum = "--checksum=\(digest("x"))"
        let local = await yard.failure("FROM scratch\nARG F=f\nADD \(checksum) $F /f")
        let several = await yard.failure("FROM scratch\nADD \(checksum) http://127.0.0.1:1/a http://127.0.0.1:1/b /f/")
        #expect(local.contains("not for local files"), "\(local)")
        #expect(several.contains("exactly one source"), "\(several)")
    }

    @Test(arguments: [
        (404, "does not have it", false), (403, "refuses it with status 403", false),
        (418, "answers with status 418", false),
    ])
    func aRefusalOfTheServerIsTheStepsFailure(_ status: Int, _ expected: String, _ isTransient: Bool) async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(status) }
        let error = await #expect(throws: BuildError.self) {
            try await yard.build("FROM scratch\nADD \(server.url)/f?token=hush /f")
        }
        guard case .step(let failure)? = error else { throw error! }
        #expect(failure.message.contains(expected) && failure.step.range.firstLine == 2, "\(failure)")
        #expect(!failure.message.contains("hush"))
    }

    @Test func aServerThatIsNotThereIsAFailureOfTheInfrastructure() async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in .answer(200) }
        server.stop()
        let error = await #expect(throws: BuildError.self) {
            try await yard.build("FROM scratch\nADD --checksum=\(digest("x")) \(server.url)/f /f")
        }
        guard case .unreachable(let failure)? = error else { throw error! }
        #expect(failure.step.range.firstLine == 2 && failure.message.contains("cannot fetch"), "\(failure)")
    }

    @Test func aServerThatDoesNotAnswerIsAskedAsOftenAsAnyOther() async throws {
        let yard = try Yard()
        let server = try ScriptedServer { _, _ in Script([.reset]) }
        let error = await #expect(throws: BuildError.self) {
            try await yard.build("FROM scratch\nADD \(server.url)/f /f")
        }
        guard case .unreachable? = error else { throw error! }
        #expect(server.requests.count == RetryPolicy.standard.attempts)
    }

    @Test func whatBreaksOffIsFetchedAgain() async throws {
        let yard = try Yard()
        let body = [UInt8](repeating: 7, count: 100_000)
        let server = try ScriptedServer { _, number in
            number == 1 ? .truncated(body, after: 1000) : .answer(200, body: body)
        }
        let image = try await yard.build("FROM scratch\nADD \(server.url)/f /f")
        #expect(try await yard.files(of: image).keys.sorted() == ["f"])
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [true, false])
    func moreThanTheLimitIsRefused(_ announces: Bool) async throws {
        let yard = try Yard { $0.downloadLimit = 1000 }
        let body = [UInt8](repeating: 7, count: 5000)
        let server = try ScriptedServer { _, _ in
            announces
                ? .answer(200, body: body) : Script([.send(Script.head(200, [("Connection", "close")])), .send(body)])
        }
        let message = await yard.failure("FROM scratch\nADD \(server.url)/f /f")
        #expect(message.contains("1000"), "\(message)")
    }

    @Test func archivesAreUnpackedOnlyOnRequest() async throws {
        let yard = try Yard()
        try yard.write("in/a", "A")
        let archive = try await yard.tool("tar", "-cz", "-C", "in", "a")
        let server = try ScriptedServer { _, _ in .answer(200, body: archive) }
        let packed = try await yard.build("FROM scratch\nADD \(server.url)/a.tgz /d/")
        #expect(try await yard.files(of: packed).keys.sorted() == ["d/a.tgz"])
        let unpacked = try await yard.build("FROM scratch\nADD --unpack=true \(server.url)/a.tgz /d/")
        #expect(try await yard.files(of: unpacked).keys.sorted() == ["d/a"])
    }

    @Test func sourcesOfAllKindsGoTogetherInTheirOrder() async throws {
        let yard = try Yard()
        try yard.write("context/l", "local")
        let server = try ScriptedServer { request, _ in .answer(200, text: request.path) }
        let context = try DirectoryContext(yard.path.appending("context"), ignore: IgnoreFile(""))
        let image = try await yard.build(
            "FROM scratch\nADD --chmod=640 \(server.url)/a l \(server.url)/sub/l <<h /d/\nhere\nh\n"
        ) { $0.context = context }
        #expect(
            try await yard.files(of: image) == ["d/a": "640 /a", "d/l": "640 /sub/l", "d/h": "640 here\n"])
        let config = try ImageConfig(parsing: image.configBytes)
        #expect(config.history.count { !$0.isEmptyLayer } == config.diffIDs.count)
    }

    @Test func redirectsAreFollowedAndTheNameStays() async throws {
        let yard = try Yard()
        let server = try ScriptedServer { request, _ in
            request.path == "/f" ? .redirect(302, to: "/elsewhere/g") : .answer(200, text: request.path)
        }
        let image = try await yard.build("FROM scratch\nADD \(server.url)/f /d/")
        #expect(try await yard.files(of: image) == ["d/f": "600 /elsewhere/g"])
    }

    @Test func thisMachineIsNotAskedWhereStrangersWriteDockerfiles() async throws {
        let yard = try Yard { $0.allowsLocalAddresses = false }
        let server = try ScriptedServer { _, _ in .answer(200, text: "secret") }
        for host in ["127.0.0.1", "localhost"] {
            let message = await yard.failure("FROM scratch\nADD http://\(host):\(server.port)/f /f")
            #expect(message.contains("cannot fetch"), "\(message)")
        }
        #expect(server.requests.isEmpty)
    }

    /// Files, repositories and images alike.
    @Test func whatIsFetchedComesThroughTheProxy() async throws {
        let proxy = try ScriptedServer { request, _ in
            request.path.hasSuffix("/f") ? .answer(200, text: "content") : .answer(404)
        }
        let yard = try Yard { configuration in
            configuration.proxies = HTTPProxies(environment: ["http_proxy": proxy.url])
            var host = RegistryConfiguration.Host()
            host.plainHTTP = true
            configuration.registries.hosts["registry.invalid:5000"] = host
            configuration.allowsLocalAddresses = false
        }
        let image = try await yard.build("FROM scratch\nADD http://files.invalid/f /f")
        #expect(try await yard.files(of: image) == ["f": "600 content"])
        _ = await yard.failure("FROM scratch\nADD http://git.invalid/x.git /f")
        _ = await yard.failure("FROM registry.invalid:5000/app")
        let targets = proxy.requests.map(\.target)
        #expect(targets.contains { $0.hasPrefix("http://git.invalid/x.git/info/refs") }, "\(targets)")
        #expect(targets.contains { $0.hasPrefix("http://registry.invalid:5000/v2/app/manifests/") }, "\(targets)")
    }

    @Test func credentialsInAURLAreRefusedAndNotShown() async throws {
        let yard = try Yard()
        let message = await yard.failure("FROM scratch\nARG URL=http://user:hush@127.0.0.1:1/f\nADD $URL /f")
        #expect(
            message.contains("user information") && !message.split(separator: "\n")[0].contains("hush"), "\(message)")
        #expect(message.contains("--secret id=HTTP_AUTH_HEADER_HOST"), "\(message)")
    }
}

/// Secrets of a build that are for servers.
@Suite(.timeLimit(.minutes(2)))
struct ServerCredentialTests {
    private func secrets(_ values: [String: String]) -> BuildSecrets {
        BuildSecrets(secrets: values.mapValues { Secret(Array($0.utf8)) })
    }

    @Test(arguments: [
        ("HTTP_AUTH_TOKEN_127.0.0.1", "hush\n", "Bearer hush"),
        ("HTTP_AUTH_HEADER_127.0.0.1", "Basic eA==", "Basic eA=="),
        ("HTTP_AUTH_TOKEN_PORT", "hush", "Bearer hush"), ("HTTP_AUTH_TOKEN_example.org", "hush", nil),
        ("HTTP_AUTH_TOKEN_127.0.0.1", "a\nX-Evil: b", nil),
    ])
    func aTokenIsSentToItsHostAlone(_ id: String, _ value: String, _ expected: String?) async throws {
        let yard = try Yard()
        let elsewhere = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let server = try ScriptedServer { _, _ in
            .redirect(302, to: "http://localhost:\(elsewhere.port)/g")
        }
        let secrets = secrets([id.replacing("PORT", with: "127.0.0.1:\(server.port)"): value])
        let image = try await yard.build("FROM scratch\nADD \(server.url)/f /f") { $0.secrets = secrets }
        #expect(try await yard.files(of: image) == ["f": "600 content"])
        #expect(server.requests.map { $0.header("Authorization") } == [expected])
        #expect(elsewhere.requests.allSatisfy { $0.header("Authorization") == nil })
        #expect(!String(decoding: image.configBytes, as: UTF8.self).contains("hush"))
    }

    /// A token for no host in particular is for what whoever builds names, and for nothing that a Dockerfile names.
    @Test(arguments: [
        ("GIT_AUTH_HEADER.127.0.0.1", "basic eC1hY2Nlc3MtdG9rZW46aHVzaA==", true),
        ("GIT_AUTH_HEADER.127.0.0.1", "Bearer hush", true), ("GIT_AUTH_HEADER.example.org", "Bearer hush", false),
        ("GIT_AUTH_TOKEN", "hush", false), ("GIT_AUTH_HEADER", "Bearer hush", false),
    ])
    func aRepositoryIsOpenedByAHeaderAndAContextByWhatHasNoHost(
        _ id: String, _ value: String, _ opensSources: Bool
    ) async throws {
        let accepted = ["Basic eC1hY2Nlc3MtdG9rZW46aHVzaA==", "Bearer hush"]
        let served = try await ServedRepository { request in
            accepted.contains(request.headers["authorization"] ?? "")
                ? .backend : .raw(status: "401 Unauthorized", headers: [:], body: [])
        }
        try served.write("FROM scratch\nCOPY a /", to: "Dockerfile")
        try served.write("A", to: "a")
        try await served.commit()
        let yard = try Yard()
        let secrets = secrets([id: value])
        let address = try GitAddress(parsing: served.url, allowing: [.http])
        if !id.hasSuffix("example.org") {
            let source = try await yard.engine.remotes(secrets: secrets).source(.repository(address))
            #expect(try await yard.files(of: try await yard.build(source)) == ["a": "644 A"])
        }
        let dockerfile = "FROM scratch\nADD \(served.url) /"
        guard !opensSources else {
            let image = try await yard.build(dockerfile) { $0.secrets = secrets }
            #expect(try await yard.files(of: image)["a"] == "644 A")
            return
        }
        let error = await #expect(throws: BuildError.self) {
            try await yard.build(dockerfile) { $0.secrets = secrets }
        }
        guard case .step(let failure)? = error else { throw error! }
        #expect(failure.message.contains("credentials"), "\(failure)")
        #expect(failure.hint == "a token is given with --secret id=GIT_AUTH_TOKEN.127.0.0.1,src=FILE")
    }

    @Test func aRepositoryIsOpenedByTheTokenOfItsHost() async throws {
        let served = try await ServedRepository { request in
            // x-access-token:hush
            request.headers["authorization"] == "Basic eC1hY2Nlc3MtdG9rZW46aHVzaA=="
                ? .backend : .raw(status: "401 Unauthorized", headers: [:], body: [])
        }
        try served.write("A", to: "a")
        let commit = try await served.commit()
        let yard = try Yard()
        let dockerfile = "FROM scratch\nADD \(served.url) /"
        let image = try await yard.build(dockerfile) { $0.secrets = secrets(["GIT_AUTH_TOKEN.127.0.0.1": "hush"]) }
        #expect(try await yard.files(of: image) == ["a": "644 A"])
        #expect(await yard.failure(dockerfile).contains("wants credentials"))
        // Knowing the commit is not enough either.
        #expect(await yard.failure("FROM scratch\nADD \(served.url)#\(commit) /").contains("wants credentials"))
    }
}
