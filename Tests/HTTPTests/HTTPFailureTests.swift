import HTTP
import TestServers
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HTTPFailureTests {
    private let pauses = NotedPauses()
    private let client: HTTPClient

    init() { client = HTTPClient(clock: pauses.clock()) }

    private func code(_ request: HTTPRequest, limit: Int = 1 << 20) async -> HTTPError.Code? {
        do {
            _ = try await client.send(request).body.collect(upTo: limit)
            return nil
        } catch { return (error as? HTTPError)?.code }
    }

    private func get(_ url: String) throws -> HTTPRequest { HTTPRequest(.get, try HTTPURL(parsing: url)) }

    @Test func closedPortCannotBeConnected() async throws {
        let server = try ScriptedServer { _, _ in .answer(200) }
        server.stop()
        await #expect { try await client.send(try get(server.url)) } throws: { error in
            (error as? HTTPError)?.code == .cannotConnect && "\(error)".contains("connection refused")
                && "\(error)".contains(server.host)
        }
    }

    @Test func unknownHostCannotBeResolved() async throws {
        #expect(await code(try get("http://host.invalid/")) == .cannotResolve)
    }

    @Test func plainServerIsNoTLSServer() async throws {
        let server = try ScriptedServer { _, _ in .answer(200) }
        #expect(await code(try get("https://\(server.host)/")) == .tls)
    }

    @Test func connectionClosedWithoutAnswerIsTruncated() async throws {
        let server = try ScriptedServer { _, _ in Script([]) }
        #expect(await code(try get(server.url)) == .truncated)
    }

    @Test func silenceTimesOut() async throws {
        let server = try ScriptedServer { _, _ in Script([.waitForClose]) }
        var request = try get(server.url)
        request.timeouts.total = .milliseconds(200)
        #expect(await code(request) == .timedOut)
    }

    @Test func trickleTimesOut() async throws {
        let drip = (0..<100).flatMap { _ in [Script.Step.send([1]), .pause(.milliseconds(200))] }
        let server = try ScriptedServer { _, _ in Script([.send(Script.head(200, []))] + drip) }
        var request = try get(server.url)
        request.timeouts.stall = .seconds(1)
        request.timeouts.minimumRate = 1000
        #expect(await code(request) == .timedOut)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 two hundred\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "<html>"])
    func serverOfAnotherProtocolIsRefused(greeting: String) async throws {
        let server = try ScriptedServer { _, _ in Script([.send(Array(greeting.utf8))]) }
        #expect(await code(try get(server.url)) == .invalidResponse)
    }

    @Test(arguments: [
        [String](repeating: "X-Filler: y", count: 100_000),
        ["X-Long: " + String(repeating: "a", count: 10 << 20)],
        [String](repeating: "X-Long: " + String(repeating: "a", count: 60_000), count: 3),
    ])
    func floodOfHeadersIsRefused(lines: [String]) async throws {
        let bytes = Array(("HTTP/1.1 200 OK\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        let server = try ScriptedServer { _, _ in Script([.send(bytes)]) }
        #expect(await code(try get(server.url)) == .invalidResponse)
    }

    @Test func floodOfInterimResponsesIsRefused() async throws {
        let server = try ScriptedServer { _, _ in
            Script([.sendUntilClosed(Array("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n".utf8), most: 1 << 28)])
        }
        #expect(await code(try get(server.url)) == .invalidResponse)
    }

    @Test(arguments: [("X\r\nY", "z"), ("X", "a\r\nY: b"), ("X", "a\u{0}b"), ("", "x"), ("A:B", "x")])
    func headerThatWouldBreakTheRequestIsNotSent(name: String, value: String) async throws {
        let server = try ScriptedServer { _, _ in .answer(200) }
        var request = try get(server.url)
        request.headers.add(name, value)
        #expect(await code(request) == .invalidRequest)
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func transientStatusIsRetried(status: Int) async throws {
        let server = try ScriptedServer { _, number in number < 3 ? .answer(status) : .answer(200) }
        var request = try get(server.url)
        request.retry = .standard
        #expect(try await client.send(request).status == 200)
        #expect(server.requests.count == 3 && pauses.all == [.seconds(1), .seconds(2)])
    }

    @Test func lastTransientStatusIsTheResponse() async throws {
        let server = try ScriptedServer { _, _ in .answer(503, text: "down") }
        var request = try get(server.url)
        request.retry = RetryPolicy(attempts: 3)
        let response = try await client.send(request)
        #expect(response.status == 503 && server.requests.count == 3)
        #expect(try await response.body.collect(upTo: 10) == Array("down".utf8))
    }

    @Test(arguments: [400, 401, 403, 404, 405, 501])
    func otherStatusIsNotRetried(status: Int) async throws {
        let server = try ScriptedServer { _, _ in .answer(status) }
        var request = try get(server.url)
        request.retry = .standard
        #expect(try await client.send(request).status == status)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [("7", Duration.seconds(7)), ("Sun, 06 Nov 1994 08:49:57 GMT", .seconds(20)), ("0", .seconds(1))])
    func retryAfterIsHonoured(value: String, pause: Duration) async throws {
        let server = try ScriptedServer { _, number in
            number == 1 ? .answer(429, [("Retry-After", value)]) : .answer(200)
        }
        var request = try get(server.url)
        request.retry = .standard
        #expect(try await client.send(request).status == 200)
        #expect(pauses.all == [pause])
    }

    @Test func hugeRetryAfterEndsTheAttempts() async throws {
        let server = try ScriptedServer { _, _ in .answer(429, [("Retry-After", "86400")]) }
        var request = try get(server.url)
        request.retry = .standard
        #expect(try await client.send(request).status == 429)
        #expect(server.requests.count == 1 && pauses.all.isEmpty)
    }

    @Test func brokenConnectionIsRetried() async throws {
        let server = try ScriptedServer { _, number in number == 1 ? Script([.reset]) : .answer(200) }
        var request = HTTPRequest(.put, try HTTPURL(parsing: server.url), body: .bytes(Array("again".utf8)))
        request.retry = .standard
        #expect(try await client.send(request).status == 200)
        #expect(server.requests.last?.body == Array("again".utf8))
    }

    @Test func streamedBodyIsNotRetried() async throws {
        let server = try ScriptedServer { _, _ in .answer(503) }
        var request = HTTPRequest(.put, try HTTPURL(parsing: server.url), body: .stream(length: 0) { nil })
        request.retry = .standard
        #expect(try await client.send(request).status == 503)
        #expect(server.requests.count == 1)
    }
}
