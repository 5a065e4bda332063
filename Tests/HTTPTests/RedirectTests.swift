import HTTP
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedirectTests {
    private let client = HTTPClient(clock: NotedPauses().clock())

    private func get(_ url: String) throws -> HTTPRequest {
        HTTPRequest(.get, try HTTPURL(parsing: url), authorization: Secret("Basic canary"))
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func credentialsStayWithTheirOrigin(status: Int) async throws {
        let other = try ScriptedServer { _, _ in .answer(200, text: "blob") }
        let server = try ScriptedServer { _, _ in .redirect(status, to: other.url + "/blob?signature=x") }
        var request = try get(server.url + "/v2/blob")
        request.headers = ["Range": "bytes=5-", "Cookie": "canary", "authorization": "canary"]
        let response = try await client.send(request)
        #expect(response.status == 200 && response.url.absoluteString == other.url + "/blob?signature=x")
        #expect(server.requests[0].header("Authorization") != nil)
        #expect(other.requests[0].header("Authorization") == nil && other.requests[0].header("Cookie") == nil)
        #expect(other.requests[0].header("Range") == "bytes=5-")
    }

    @Test func credentialsFollowWithinTheOrigin() async throws {
        let server = try ScriptedServer { request, _ in request.path == "/a" ? .redirect(307, to: "/b") : .answer(200) }
        #expect(try await client.send(try get(server.url + "/a")).status == 200)
        #expect(server.requests.map { $0.header("Authorization") } == ["Basic canary", "Basic canary"])
    }

    @Test func credentialsDoNotReturnWithADetour() async throws {
        let home = try ScriptedServer { request, _ in .answer(200, text: "home") }
        let away = try ScriptedServer { _, _ in .redirect(307, to: home.url + "/end") }
        let server = try ScriptedServer { _, _ in .redirect(307, to: away.url) }
        _ = try await client.send(try get(server.url))
        #expect(home.requests.map { $0.header("Authorization") } == [nil])
    }

    @Test func loopEndsAfterTheLimit() async throws {
        let server = try ScriptedServer { _, _ in .redirect(302, to: "/again") }
        await #expect { try await client.send(try get(server.url)) } throws: { ($0 as? HTTPError)?.code == .redirect }
        #expect(server.requests.count == 6)
    }

    @Test(arguments: ["file:///etc/passwd", "scp://127.0.0.1/x", "ldap://127.0.0.1/", "http://user:pw@127.0.0.1/"])
    func redirectOutOfHTTPIsRefused(location: String) async throws {
        let server = try ScriptedServer { _, _ in .redirect(302, to: location) }
        await #expect { try await client.send(try get(server.url)) } throws: { ($0 as? HTTPError)?.code == .invalidURL }
    }

    @Test func bodyIsSentAgainOnlyWhereTheStatusSaysSo() async throws {
        let server = try ScriptedServer { request, _ in
            switch request.path {
            case "/307": .redirect(307, to: "/end")
            case "/303": .redirect(303, to: "/end")
            case "/302": .redirect(302, to: "/end")
            default: .answer(200)
            }
        }
        func post(_ path: String) async throws -> Int {
            try await client.send(HTTPRequest(.post, try HTTPURL(parsing: server.url + path), body: .bytes([1, 2])))
                .status
        }
        #expect(try await post("/307") == 200)
        #expect(server.requests.last?.method == "POST" && server.requests.last?.body == [1, 2])
        #expect(try await post("/303") == 200)
        #expect(server.requests.last?.method == "GET" && server.requests.last?.body == [])
        #expect(try await post("/302") == 302)
    }

    @Test func redirectIsTheResponseWhereItIsToBeKept() async throws {
        let server = try ScriptedServer { _, _ in .redirect(307, to: "/end") }
        var request = try get(server.url)
        request.redirects = .keep
        #expect(try await client.send(request).status == 307)
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func requestThatRefusesLocalAddressesMakesNoConnection(host: String) async throws {
        let server = try ScriptedServer { _, _ in .answer(200) }
        var request = try get("http://\(host):\(server.port)/")
        request.refusesLocalAddresses = true
        await #expect { try await client.send(request) } throws: { ($0 as? HTTPError)?.code == .redirect }
        #expect(server.connections == 0)
    }
}
