import HTTP
import OCI
import Registry
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AuthenticationTests {
    private static let image = SampleImage(layers: [[1, 2, 3]])

    private static func challenge(_ realm: String, scope: String? = nil) -> Script {
        let scope = scope.map { ",scope=\"\($0)\"" } ?? ""
        return .answer(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"reg, istry\"\(scope)")])
    }

    private static func manifest(_ request: ScriptedServer.Request) -> Script {
        .manifest(image.manifest, isHead: request.method == "HEAD")
    }

    /// A registry that wants the token `good` and gives it at `/token`.
    private static func answer(_ request: ScriptedServer.Request, life: Int = 300) -> Script {
        if request.path == "/token" { return .answer(200, text: #"{"token":"good","expires_in":\#(life)}"#) }
        guard request.header("Authorization") == "Bearer good" else {
            return challenge("http://\(request.header("Host") ?? "")/token")
        }
        return manifest(request)
    }

    @Test func tokenIsFetchedOnceAndKept() async throws {
        let registry = try ScriptedRegistry.authenticated { request, _ in Self.answer(request) }
        for _ in 0..<3 { _ = try await registry.client.resolve(registry.reference) }
        let requests = registry.server.requests
        #expect(requests.map(\.method) == ["HEAD", "GET", "HEAD", "HEAD", "HEAD"])
        #expect(requests[1].target == "/token?service=reg,%20istry&scope=repository:team/app:pull")
        #expect(requests[1].header("Authorization") == "Basic YWxpY2U6Y2FuYXJ5")
    }

    @Test func concurrentRequestsShareOneExchange() async throws {
        let registry = try ScriptedRegistry { request, _ in
            request.path == "/token"
                ? Script([.pause(.milliseconds(100))] + Self.answer(request).steps, keepsConnection: true)
                : Self.answer(request)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = try await registry.client.resolve(registry.reference) } }
            try await group.waitForAll()
        }
        #expect(registry.server.requests.count { $0.path == "/token" } < 8)
    }

    @Test func tokenIsRenewedAfterNineTenthsOfItsLife() async throws {
        let registry = try ScriptedRegistry { request, _ in Self.answer(request, life: 100) }
        _ = try await registry.client.resolve(registry.reference)
        registry.pauses.advance(by: 89)
        _ = try await registry.client.resolve(registry.reference)
        #expect(registry.server.requests.count { $0.path == "/token" } == 1)
        registry.pauses.advance(by: 1)
        _ = try await registry.client.resolve(registry.reference)
        #expect(registry.server.requests.count { $0.path == "/token" } == 2)
    }

    @Test func revokedTokenIsReplacedOnce() async throws {
        let registry = try ScriptedRegistry { request, number in
            if request.path == "/token" {
                return .answer(200, text: #"{"access_token":"token\#(number)","expires_in":300}"#)
            }
            return ["Bearer token2", "Bearer token5"].contains(request.header("Authorization")) && number != 4
                ? Self.manifest(request) : Self.challenge("http://\(request.header("Host") ?? "")/token")
        }
        _ = try await registry.client.resolve(registry.reference)
        _ = try await registry.client.resolve(registry.reference)
        #expect(registry.server.requests.count == 6)
    }

    @Test func registryThatIsNeverContentIsAskedTwice() async throws {
        let registry = try ScriptedRegistry.authenticated { request, number in
            request.path == "/token"
                ? .answer(200, text: #"{"token":"t\#(number)"}"#)
                : Self.challenge("http://\(request.header("Host") ?? "")/token")
        }
        await #expect {
            try await registry.client.put(Self.image.manifest, tag: "1", in: registry.repository)
        } throws: { ($0 as? RegistryError)?.code == .unauthorized && !"\($0)".contains("canary") }
        #expect(registry.server.requests.count == 3)
    }

    @Test func demandedScopesAreAskedForToo() async throws {
        let registry = try ScriptedRegistry { request, _ in
            if request.path == "/token" { return Self.answer(request) }
            return request.header("Authorization") == nil
                ? Self.challenge(
                    "http://\(request.header("Host") ?? "")/token", scope: "repository:team/app:pull registry:catalog:*"
                )
                : Self.manifest(request)
        }
        _ = try await registry.client.resolve(registry.reference)
        #expect(
            registry.server.requests[1].target.hasSuffix("&scope=registry:catalog:%2A&scope=repository:team/app:pull"))
    }

    @Test func mountAsksForBothRepositories() async throws {
        let registry = try ScriptedRegistry { request, _ in
            request.method == "POST" && request.header("Authorization") != nil ? .answer(201) : Self.answer(request)
        }
        let origin = RepositoryName(registry: registry.server.host, path: "base")
        let blob = Descriptor(of: [1], mediaType: .ociLayerTar)
        #expect(try await registry.client.mount(blob, from: origin, in: registry.repository))
        #expect(
            registry.server.requests[1].target.hasSuffix(
                "&scope=repository:base:pull&scope=repository:team/app:pull,push"))
    }

    @Test func identityTokenIsExchangedByPost() async throws {
        let registry = try ScriptedRegistry(credentials: AnyHost(.identityToken(Secret("a+b/canary")))) { request, _ in
            Self.answer(request)
        }
        _ = try await registry.client.resolve(registry.reference)
        let exchange = registry.server.requests[1]
        #expect(exchange.method == "POST" && exchange.header("Authorization") == nil)
        let form = String(decoding: exchange.body, as: UTF8.self)
        #expect(form.contains("grant_type=refresh_token") && form.contains("refresh_token=a%2Bb/canary"))
    }

    @Test(arguments: [401, 404, 405])
    func passwordIsExchangedByPostWhereGetFails(status: Int) async throws {
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.path == "/token" && request.method == "GET" ? .answer(status) : Self.answer(request)
        }
        _ = try await registry.client.resolve(registry.reference)
        #expect(String(decoding: registry.server.requests[2].body, as: UTF8.self).contains("grant_type=password"))
    }

    @Test func registryTokenIsSentAsItIs() async throws {
        let registry = try ScriptedRegistry(credentials: AnyHost(.registryToken(Secret("good")))) { request, _ in
            Self.answer(request)
        }
        _ = try await registry.client.resolve(registry.reference)
        #expect(registry.server.requests.map(\.method) == ["HEAD", "HEAD"])
    }

    @Test func refusedLoginIsSaidWithoutTheSecret() async throws {
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.path == "/token" ? .answer(401, text: "canary") : Self.answer(request)
        }
        await #expect { try await registry.client.resolve(registry.reference) } throws: { error in
            (error as? RegistryError)?.code == .unauthorized && "\(error)".contains("caisson login")
                && !"\(error)".contains("canary")
        }
    }

    @Test(arguments: [
        #"Basic realm="x""#, #"Basic realm="x", charset="UTF-8""#, #"Negotiate, Basic realm="a \"b\" c""#, "basic",
        #"Digest realm="x", nonce="y", Basic realm="z""#,
    ])
    func basicChallengeIsAnswered(field: String) async throws {
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.header("Authorization") == "Basic YWxpY2U6Y2FuYXJ5"
                ? Self.manifest(request) : .answer(401, [("WWW-Authenticate", field)])
        }
        _ = try await registry.client.resolve(registry.reference)
        _ = try await registry.client.resolve(registry.reference)
        #expect(registry.server.requests.count == 3)
    }

    @Test(arguments: [
        "Bearer", "Bearer realm=", "Bearer service=\"x\"", "Negotiate", "", "Bearer realm=\"ftp://x/\"",
        "Bearer realm=\"http://u:p@127.0.0.1/\"", "Bearer realm=\"unclosed", "====,,,=\"\"\"",
    ])
    func unusableChallengeEndsInAnError(field: String) async throws {
        let registry = try ScriptedRegistry.authenticated { _, _ in .answer(401, [("WWW-Authenticate", field)]) }
        await #expect(throws: RegistryError.self) { try await registry.client.resolve(registry.reference) }
        #expect(registry.server.requests.allSatisfy { $0.header("Authorization") == nil })
    }

    // MARK: Where credentials go, seen by a proxy that answers for every host

    private func client(
        of proxy: ScriptedServer, _ host: String, tokenServers: Set<String> = [], overPlainHTTP: Bool = true,
        credentials: any CredentialSource = AnyHost(.basic(user: "alice", password: Secret("canary")))
    ) -> RegistryClient {
        var settings = RegistryConfiguration.Host()
        settings.plainHTTP = true
        settings.sendsCredentialsOverPlainHTTP = overPlainHTTP
        settings.transport.proxy = proxy.url
        settings.tokenServers = tokenServers
        var configuration = RegistryConfiguration()
        configuration.hosts[host] = settings
        return RegistryClient(configuration, credentials: credentials, http: HTTPClient(clock: NotedPauses().clock))
    }

    private func proxy(realm: String) throws -> ScriptedServer {
        try ScriptedServer { request, _ in
            if request.target.contains("/token") { return .answer(200, text: #"{"token":"good"}"#) }
            return request.header("Authorization") == "Bearer good" ? Self.manifest(request) : Self.challenge(realm)
        }
    }

    @Test(arguments: [
        ("http://registry.example.org/token", true), ("http://registry.example.org:8080/token", true),
        ("http://auth.example.org/token", true), ("http://example.org/token", true),
        ("http://attacker.example.net/token", false), ("http://registry.example.org.attacker.net/token", false),
        ("http://notexample.org/token", false), ("http://127.0.0.1:1/token", false),
        ("http://sso.example.com/token", true),
    ])
    func credentialsGoToTokenServersOfTheSameSite(realm: String, isAllowed: Bool) async throws {
        let proxy = try proxy(realm: realm)
        let client = client(of: proxy, "registry.example.org", tokenServers: ["sso.example.com"])
        let reference = try ImageReference(parsing: "registry.example.org/team/app:1")
        if isAllowed {
            _ = try await client.resolve(reference)
        } else {
            await #expect { try await client.resolve(reference) } throws: {
                ($0 as? RegistryError)?.code == .configuration
            }
            #expect(!proxy.requests.contains { $0.target.contains("/token") })
        }
    }

    @Test func anonymousTokenMayComeFromAnotherSite() async throws {
        let proxy = try proxy(realm: "http://tokens.example.net/token")
        let client = client(of: proxy, "registry.example.org", credentials: AnonymousCredentials())
        _ = try await client.resolve(try ImageReference(parsing: "registry.example.org/team/app:1"))
        #expect(proxy.requests.allSatisfy { $0.header("Authorization")?.hasPrefix("Basic") != true })
    }

    @Test func credentialsStayAtHomeOverPlainHTTP() async throws {
        let proxy = try ScriptedServer { _, _ in .answer(401, [("WWW-Authenticate", "Basic realm=\"x\"")]) }
        let client = client(of: proxy, "registry.example.org", overPlainHTTP: false)
        await #expect { try await client.resolve(try ImageReference(parsing: "registry.example.org/x:1")) } throws: {
            ($0 as? RegistryError)?.code == .configuration && "\($0)".contains("plain HTTP")
        }
        #expect(proxy.requests.allSatisfy { $0.header("Authorization") == nil })
    }

    @Test func redirectedTokenRequestLosesItsCredentials() async throws {
        let away = try ScriptedServer { _, _ in .answer(200, text: #"{"token":"good"}"#) }
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.path == "/token" ? .redirect(307, to: away.url) : Self.answer(request)
        }
        _ = try await registry.client.resolve(registry.reference)
        #expect(away.requests.map { $0.header("Authorization") } == [nil])
    }

    @Test func postedIdentityTokenIsNotRedirected() async throws {
        let away = try ScriptedServer { _, _ in .answer(200, text: #"{"token":"good"}"#) }
        let registry = try ScriptedRegistry(credentials: AnyHost(.identityToken(Secret("canary")))) { request, _ in
            request.path == "/token" ? .redirect(307, to: away.url) : Self.answer(request)
        }
        await #expect(throws: RegistryError.self) { try await registry.client.resolve(registry.reference) }
        #expect(away.requests.isEmpty)
    }
}
