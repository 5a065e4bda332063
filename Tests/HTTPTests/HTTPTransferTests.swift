import HTTP
import Testing

/// The order of two threads: what the connection's brings before the reader's asks for it.
@Suite(.timeLimit(.minutes(1)))
struct HTTPTransferTests {
    private let transfer: HTTPTransfer

    init() throws {
        transfer = try HTTPTransfer(HTTPRequest(.get, try HTTPURL(parsing: "http://registry.test/blob")))
    }

    private func receive(head: [String], body: String = "") {
        for line in head {
            let isTaken = Array((line + "\r\n").utf8).withUnsafeBytes { transfer.receive(header: $0) }
            #expect(isTaken)
        }
        guard !body.isEmpty else { return }
        let action = Array(body.utf8).withUnsafeBytes { transfer.receive(body: $0) }
        #expect(action == .taken)
    }

    @Test func answerThatBrokeOffBeforeItWasAskedForKeepsItsHeadAndBytes() async throws {
        receive(head: ["HTTP/1.1 206 Partial Content", "Content-Length: 5", ""], body: "wh")
        transfer.finish(HTTPError(.truncated, "connection broke off"))
        let head = try await transfer.waitForHead()
        #expect(head.status == 206 && head.headers["Content-Length"] == "5")
        let (bytes, waits) = try await transfer.takeChunk()
        #expect(bytes == Array("wh".utf8) && !waits)
        await #expect { try await transfer.takeChunk() } throws: { ($0 as? HTTPError)?.code == .truncated }
    }

    @Test func connectionThatBrokeOffInTheHeadHasNone() async throws {
        receive(head: ["HTTP/1.1 200 OK", "Content-Length: 5"])
        transfer.finish(HTTPError(.truncated, "connection broke off"))
        await #expect { try await transfer.waitForHead() } throws: { ($0 as? HTTPError)?.code == .truncated }
    }

    @Test func addressOfAnAnswerIsKnownHoweverLateItsHeadIsAskedFor() async throws {
        receive(head: ["HTTP/1.1 200 OK", ""])
        transfer.deliver { "127.0.0.1" }
        transfer.finish(nil)
        _ = try await transfer.waitForHead()
        #expect(transfer.peer == "127.0.0.1")
    }
}
