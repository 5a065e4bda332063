import HTTP
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
    private func client(_ environment: [String: String]) -> HTTPClient {
        HTTPClient(proxies: HTTPProxies(environment: environment), clock: NotedPauses().clock())
    }

    private func get(_ url: String, refusesLocalAddresses: Bool = false) throws -> HTTPRequest {
        var request = HTTPRequest(.get, try HTTPURL(parsing: url))
        request.refusesLocalAddresses = refusesLocalAddresses
        return request
    }

    @Test(arguments: [
        (["http_proxy": "http://p:1"], "http://example.org/", "http://p:1"),
        (["http_proxy": "http://p:1"], "https://example.org/", nil),
        (["HTTPS_PROXY": "p:2"], "https://example.org/", "http://p:2"),
        (["all_proxy": "socks5h://p:3"], "https://example.org/", "socks5h://p:3"),
        (["ALL_PROXY": "http://a", "HTTP_PROXY": "http://h", "http_proxy": "http://l"], "http://x.org/", "http://l"),
        (["http_proxy": "", "HTTP_PROXY": "http://h"], "http://example.org/", "http://h"),
    ])
    func variableOfTheSchemeNamesTheProxy(_ environment: [String: String], _ url: String, _ proxy: String?) throws {
        #expect(HTTPProxies(environment: environment).proxy(for: try HTTPURL(parsing: url)) == proxy)
    }

    @Test(arguments: [
        ("example.org", ["http://example.org/", "http://a.example.org/", "http://EXAMPLE.org:81/"], ["http://x.org/"]),
        ("example.org", [], ["http://notexample.org/", "http://example.org.x/"]),
        (".example.org", ["http://a.example.org/"], ["http://example.org/"]),
        ("*.example.org", ["http://a.b.example.org/"], ["http://example.org/"]),
        ("x.org, example.org:81", ["http://x.org/", "http://example.org:81/"], ["http://example.org/"]),
        ("*", ["http://example.org/", "http://192.0.2.1/"], []),
        (
            "192.0.2.7,10.0.0.0/8", ["http://192.0.2.7/", "http://10.9.8.7:5000/"],
            ["http://192.0.2.8/", "http://11.0.0.1/"]
        ),
        (
            "2001:db8::1,[2001:db8::2]:81", ["http://[2001:db8::1]/", "http://[2001:db8::2]:81/"],
            ["http://[2001:db8::2]/"]
        ),
        ("", ["http://localhost/", "http://a.localhost/", "http://127.9.9.9/", "http://[::1]/"], ["http://0.0.0.0/"]),
    ])
    func exceptionsAndThisMachineAreAskedDirectly(_ list: String, _ direct: [String], _ proxied: [String]) throws {
        let proxies = HTTPProxies(environment: ["http_proxy": "http://p", "NO_PROXY": list])
        for url in direct { #expect(proxies.proxy(for: try HTTPURL(parsing: url)) == nil, "\(url)") }
        for url in proxied { #expect(proxies.proxy(for: try HTTPURL(parsing: url)) != nil, "\(url)") }
    }

    @Test func proxyIsAskedForTheWholeURLAndResolvesTheName() async throws {
        let proxy = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let client = client(["http_proxy": "http://user:hush@\(proxy.host)"])
        let response = try await client.send(try get("http://nowhere.invalid/f?x=1"))
        #expect(try await response.body.collect(upTo: 100) == Array("content".utf8))
        #expect(!response.isLocal)
        #expect(proxy.requests.map(\.target) == ["http://nowhere.invalid/f?x=1"])
        #expect(proxy.requests[0].header("Proxy-Authorization") == "Basic dXNlcjpodXNo")
        // Nothing goes through it that is to be asked directly.
        let server = try ScriptedServer { _, _ in .answer(200) }
        _ = try await client.send(try get(server.url))
        #expect(proxy.requests.count == 1 && server.requests[0].header("Proxy-Authorization") == nil)
    }

    @Test(arguments: [(407, "it wants credentials"), (502, "status 502")])
    func refusedTunnelSaysWhoRefuses(_ status: Int, _ expected: String) async throws {
        let proxy = try ScriptedServer { _, _ in .answer(status) }
        let client = client(["https_proxy": "http://user:hush@\(proxy.host)"])
        let error = await #expect(throws: HTTPError.self) { try await client.send(try get("https://nowhere.invalid/")) }
        #expect(error?.code == .proxy)
        let message = error?.message ?? ""
        #expect(message.contains(proxy.host) && message.contains(expected) && !message.contains("hush"), "\(message)")
        #expect(proxy.requests.map(\.method) == ["CONNECT"] && proxy.requests[0].target == "nowhere.invalid:443")
    }

    @Test func proxyThatIsNotThereIsNamed() async throws {
        let error = await #expect(throws: HTTPError.self) {
            try await client(["http_proxy": "http://u:hush@127.0.0.1:1"]).send(try get("http://nowhere.invalid/"))
        }
        #expect(error?.code == .cannotConnect)
        let message = error?.message ?? ""
        #expect(message.contains("the proxy `http://***@127.0.0.1:1`"), "\(message)")
    }

    // MARK: Addresses of this machine

    /// A proxy on this machine may be used; an address of this machine may not be reached through it.
    @Test(arguments: ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "169.254.169.254"])
    func localAddressesAreRefusedBesideAProxyToo(_ host: String) async throws {
        let proxy = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let client = client(["http_proxy": proxy.url])
        #expect(try await client.send(try get("http://nowhere.invalid/", refusesLocalAddresses: true)).status == 200)
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(try get("http://\(host):\(proxy.port)/", refusesLocalAddresses: true))
        }
        #expect(error?.code == .redirect, "\(String(describing: error))")
        #expect(proxy.connections == 1)
    }

    @Test func serverBehindAProxyCannotLeadToThisMachine() async throws {
        let server = try ScriptedServer { _, _ in .answer(200, text: "secret") }
        let proxy = try ScriptedServer { _, _ in .redirect(302, to: server.url) }
        let error = await #expect(throws: HTTPError.self) {
            try await client(["http_proxy": proxy.url]).send(try get("http://nowhere.invalid/"))
        }
        #expect(error?.code == .redirect && server.connections == 0)
    }
}
