import ArgumentParser
import HTTP
import Linux
import OCI

/// Which agent to talk to.
struct AgentOptions: ParsableArguments {
    @Option(
        name: .customLong("agent"),
        help: "The agent: http://host:port, or unix:PATH. Default: $CAISSON_AGENT, else http://127.0.0.1:8080.")
    var agent: String?
    @Flag(name: .customLong("json"), help: "Print the agent's answer.") var json = false
    @OptionGroup var color: ColorOptions

    func client() throws -> AgentClient {
        try AgentClient(agent ?? ProcessEnvironment.variables()["CAISSON_AGENT"] ?? "http://127.0.0.1:8080")
    }
}

/// The agent's HTTP API as commands use it.
struct AgentClient {
    private let base: HTTPURL
    private let name: String
    private var transport = HTTPTransport()
    private let client = HTTPClient()

    init(_ address: String) throws {
        name = address
        if address.hasPrefix("unix:") {
            transport.unixSocket = String(address.dropFirst(5))
            base = try HTTPURL(parsing: "http://localhost/")
            return
        }
        do { base = try HTTPURL(parsing: address) } catch {
            throw CommandFailure.usage("`\(address)` is no agent's address: \(error)")
        }
    }

    func get(_ path: String, _ query: [(String, String)] = []) async throws -> JSON {
        try await document(try await send(.get, path, query))
    }

    func post(_ path: String, _ body: JSON) async throws -> JSON {
        try await document(try await send(.post, path, [], body: Array(body.lineText.utf8)))
    }

    /// Calls `receive` with the body as it comes.
    func stream(_ path: String, _ query: [(String, String)], _ receive: ([UInt8]) -> Void) async throws {
        let response = try await send(.get, path, query, isStream: true)
        for try await chunk in response.body { receive(chunk) }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String)], body: [UInt8]? = nil, isStream: Bool = false
    ) async throws -> HTTPResponse {
        var url = HTTPURL(origin: base.origin, path: path)
        for (name, value) in query { url = url.adding(query: name, value) }
        var request = HTTPRequest(method, url)
        request.transport = transport
        if isStream { request.timeouts.stall = .seconds(24 * 3600) }
        if let body {
            request.body = .bytes(body)
            request.headers["Content-Type"] = "application/json"
            request.headers["Caisson-Request"] = "1"
        }
        let response: HTTPResponse
        do { response = try await client.send(request) } catch let error as HTTPError {
            throw CommandFailure("cannot reach the agent at \(name): \(error)", .infrastructure)
        }
        guard response.isSuccess else {
            let bytes = try await response.body.collect(upTo: 1 << 20)
            let message =
                (try? JSON(parsing: bytes))?["error"]?["message"]?.stringValue ?? String(decoding: bytes, as: UTF8.self)
            throw CommandFailure("the agent refused: \(message)", response.status >= 500 ? .infrastructure : .failed)
        }
        return response
    }

    private func document(_ response: HTTPResponse) async throws -> JSON {
        try JSON(parsing: try await response.body.collect(upTo: 64 << 20))
    }
}
