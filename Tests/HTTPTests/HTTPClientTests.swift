import Foundation
import HTTP
import Synchronization
import TestServers
import Testing

/// What clocks of tests note instead of sleeping.
final class NotedPauses: Sendable {
    private let noted = Mutex<[Duration]>([])

    var all: [Duration] { noted.withLock { $0 } }

    func clock(now: Int64 = 784_111_777) -> RetryClock {
        RetryClock(sleep: { pause in self.noted.withLock { $0.append(pause) } }, now: { now }, random: { 1 })
    }
}

private final class Count: Sendable {
    let value = Atomic(0)
}

@Suite(.timeLimit(.minutes(2)))
struct HTTPClientTests {
    private let pauses = NotedPauses()
    private let client: HTTPClient

    init() { client = HTTPClient(clock: pauses.clock()) }

    private func get(_ server: ScriptedServer, _ path: String = "/") throws -> HTTPRequest {
        HTTPRequest(.get, try HTTPURL(parsing: server.url + path))
    }

    @Test func responseHasStatusHeadersAndBody() async throws {
        let server = try ScriptedServer { _, _ in .answer(404, [("X-Thing", "a"), ("x-thing", "b")], text: "gone") }
        let response = try await client.send(try get(server, "/x?y=1"))
        #expect(response.status == 404 && !response.isSuccess && response.isLocal)
        #expect(response.headers["x-THING"] == "a" && response.headers.values(of: "X-Thing") == ["a", "b"])
        #expect(try await response.body.collect(upTo: 100) == Array("gone".utf8))
        #expect(server.requests.map(\.target) == ["/x?y=1"])
        #expect(server.requests[0].header("User-Agent") == "caisson")
        #expect(server.requests[0].header("Accept-Encoding") == nil)
    }

    @Test func connectionIsKeptBetweenRequests() async throws {
        let server = try ScriptedServer { _, _ in .answer(200, text: "ok") }
        for _ in 0..<5 { _ = try await client.send(try get(server)).body.collect(upTo: 10) }
        #expect(server.requests.count == 5 && server.connections == 1)
    }

    @Test(arguments: [HTTPMethod.post, .put, .patch, .delete])
    func bodyOfBytesIsSentWithItsLength(method: HTTPMethod) async throws {
        let server = try ScriptedServer { _, _ in .answer(201) }
        let url = try HTTPURL(parsing: server.url)
        let body = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
        let response = try await client.send(HTTPRequest(method, url, body: .bytes(body)))
        #expect(response.status == 201)
        #expect(server.requests[0].method == method.rawValue && server.requests[0].body == body)
        #expect(server.requests[0].header("Content-Length") == "200000" && server.requests[0].header("Expect") == nil)
    }

    @Test func absentBodyOfPostAndPutHasLengthZero() async throws {
        let server = try ScriptedServer { _, _ in .answer(202) }
        let url = try HTTPURL(parsing: server.url)
        for method in [HTTPMethod.post, .put] { _ = try await client.send(HTTPRequest(method, url)) }
        #expect(server.requests.map { $0.header("Content-Length") } == ["0", "0"])
        #expect(server.requests.map(\.method) == ["POST", "PUT"])
    }

    @Test func rangeOfAFileIsSent() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "upload-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let content = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try content.write(to: URL(filePath: path))
        let server = try ScriptedServer { _, _ in .answer(201) }
        let sent = Mutex<Int64>(0)
        var request = HTTPRequest(
            .put, try HTTPURL(parsing: server.url), body: .file(path: path, offset: 1000, count: 900_000))
        request.onUpload = { count in sent.withLock { $0 = count } }
        _ = try await client.send(request)
        #expect(server.requests[0].body == [UInt8](content[1000..<901_000]))
        #expect(sent.withLock { $0 } == 900_000)
    }

    @Test func fileThatIsTooShortFailsTheRequest() async throws {
        let server = try ScriptedServer { _, _ in .answer(201) }
        let request = HTTPRequest(
            .put, try HTTPURL(parsing: server.url), body: .file(path: "/dev/null", offset: 0, count: 10))
        await #expect { try await client.send(request) } throws: { ($0 as? HTTPError)?.code == .invalidRequest }
    }

    @Test(arguments: [Int64(30_000), nil])
    func streamedBodyArrivesWhole(length: Int64?) async throws {
        let server = try ScriptedServer { _, _ in .answer(201) }
        let left = Mutex(30)
        let request = HTTPRequest(
            .put, try HTTPURL(parsing: server.url),
            body: .stream(length: length) {
                await Task.yield()
                return left.withLock { left in
                    left -= 1
                    return left < 0 ? nil : [UInt8](repeating: UInt8(left), count: 1000)
                }
            })
        let response = try await client.send(request)
        #expect(response.status == 201)
        #expect(server.requests[0].body == (0..<30).reversed().flatMap { [UInt8](repeating: $0, count: 1000) })
        #expect((server.requests[0].header("Transfer-Encoding") == "chunked") == (length == nil))
    }

    @Test func failureOfAStreamedBodyIsTheRequests() async throws {
        struct Broken: Error {}
        let server = try ScriptedServer { _, _ in .answer(201) }
        let request = HTTPRequest(.put, try HTTPURL(parsing: server.url), body: .stream(length: 10) { throw Broken() })
        await #expect(throws: Broken.self) { try await client.send(request) }
    }

    @Test func bodyArrivesWholeThroughASlowReader() async throws {
        let body = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let server = try ScriptedServer { _, _ in .answer(200, body: body) }
        let response = try await client.send(try get(server))
        var received: [UInt8] = []
        for try await chunk in response.body {
            received += chunk
            #expect(chunk.count <= 1 << 20)
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(received == body)
    }

    @Test func slowReaderHoldsTheSenderBack() async throws {
        let sent = Count()
        let chunk = Script.Step.send([UInt8](repeating: 7, count: 1 << 20))
        let server = try ScriptedServer { _, _ in
            let chunks = (0..<128).flatMap { _ in [chunk, .call { sent.value.add(1, ordering: .relaxed) }] }
            return Script([.send(Script.head(200, []))] + chunks)
        }
        let response = try await client.send(try get(server))
        var chunks = response.body.makeAsyncIterator()
        #expect(try await chunks.next()?.isEmpty == false)
        try await Task.sleep(for: .milliseconds(500))
        // So much, at the most, the kernel keeps for both ends.
        #expect(sent.value.load(ordering: .relaxed) < 64)
    }

    @Test func endlessBodyStopsAtTheLimit() async throws {
        let server = try ScriptedServer { _, _ in
            Script([.send(Script.head(200, [])), .sendUntilClosed([UInt8](repeating: 1, count: 65536), most: 1 << 30)])
        }
        let response = try await client.send(try get(server))
        await #expect { try await response.body.collect(upTo: 1 << 20) } throws: {
            ($0 as? HTTPError)?.code == .tooLarge
        }
    }

    @Test(arguments: [true, false])
    func brokenBodyIsTruncated(reset: Bool) async throws {
        let body = [UInt8](repeating: 3, count: 100_000)
        let server = try ScriptedServer { _, _ in .truncated(body, after: 40_000, reset: reset) }
        let response = try await client.send(try get(server))
        var received = 0
        await #expect {
            for try await chunk in response.body { received += chunk.count }
        } throws: { ($0 as? HTTPError)?.code == .truncated }
        #expect(received == 40_000)
    }

    @Test func brokenChunkedBodyIsTruncated() async throws {
        let server = try ScriptedServer { _, _ in
            Script([.send(Script.head(200, [("Transfer-Encoding", "chunked")])), .send(Array("5\r\nhello\r\n".utf8))])
        }
        let response = try await client.send(try get(server))
        await #expect { try await response.body.collect(upTo: 100) } throws: { ($0 as? HTTPError)?.code == .truncated }
    }

    @Test func contentEncodingIsNotUndone() async throws {
        let server = try ScriptedServer { _, _ in .answer(200, [("Content-Encoding", "gzip")], text: "not gzip") }
        #expect(try await client.send(try get(server)).body.collect(upTo: 100) == Array("not gzip".utf8))
    }

    @Test func manyTransfersRunAtOnce() async throws {
        let server = try ScriptedServer { request, _ in .answer(200, text: request.target) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<50 {
                group.addTask {
                    let body = try await client.send(try get(server, "/\(index)")).body.collect(upTo: 100)
                    return body == Array("/\(index)".utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func unixSocketIsReached() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "s\(UInt32.random(in: 0 ... .max))").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try ScriptedServer(unixSocket: path) { request, _ in .answer(200, text: request.target) }
        var request = HTTPRequest(.get, try HTTPURL(parsing: "http://agent/runs"))
        request.transport.unixSocket = path
        #expect(try await client.send(request).body.collect(upTo: 100) == Array("/runs".utf8))
        #expect(server.requests[0].header("Host") == "agent")
    }

    @Test func cancellationEndsTheTransfer() async throws {
        let server = try ScriptedServer { _, _ in
            Script([.send(Script.head(200, [("Content-Length", "10")])), .waitForClose])
        }
        let task = Task {
            let response = try await client.send(try get(server))
            return try await response.body.collect(upTo: 100)
        }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func cancellationEndsTheWaitForAnAnswer() async throws {
        let server = try ScriptedServer { _, _ in Script([.waitForClose]) }
        let task = Task { try await client.send(try get(server)).status }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func droppedBodyEndsTheTransfer() async throws {
        let server = try ScriptedServer { _, number in
            number == 1
                ? Script([.send(Script.head(200, [("Content-Length", "10")])), .waitForClose]) : .answer(200)
        }
        // Its connection cannot be used again: a second request needs another.
        _ = try await client.send(try get(server)).status
        _ = try await client.send(try get(server)).body.collect(upTo: 10)
        #expect(server.connections == 2)
    }
}
