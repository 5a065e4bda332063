import Foundation
import FoundationNetworking

/// Answers of the API, as any client sees them.
struct RunView: Decodable, Equatable {
    struct Target: Decodable, Equatable {
        let kind: String
        let name: String
        let status: String
        let message: String?
        let digest: String?
        let size: Int?
        let references: [String]?
    }

    struct Step: Decodable, Equatable {
        let name: String
        let status: String
        let cached: Bool
    }

    let id: Int
    let pipeline: String
    let trigger: String
    let ref: String
    let commit: String
    let cause: String
    let state: String
    let attempt: Int
    let message: String?
    let stepCount: Int
    let cachedStepCount: Int
    let targets: [Target]
    let steps: [Step]?
}

struct RunsView: Decodable {
    let runs: [RunView]
}

struct ErrorView: Decodable {
    struct Content: Decodable {
        let code: String
        let message: String
    }

    let error: Content
}

struct StatusView: Decodable {
    struct Queue: Decodable {
        let queued: Int
        let running: Int
        let slots: Int
    }

    struct Agent: Decodable {
        let state: String
    }

    struct Repository: Decodable {
        let url: String
        let failures: Int
        let message: String?
        let succeededAt: String?
    }

    struct PipelineView: Decodable {
        let name: String
        let triggers: [String]
        let lastRun: RunView?
    }

    let agent: Agent
    let queue: Queue
    let repositories: [Repository]
    let pipelines: [PipelineView]
}

extension TestAgent {
    struct Answer {
        let status: Int
        let body: Data
        let headers: [AnyHashable: Any]

        var text: String { String(decoding: body, as: UTF8.self) }

        func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: body)
        }
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func send(_ method: String, _ path: String, body: String? = nil, headers: [String: String]) async throws -> Answer {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return Answer(status: response.statusCode, body: data, headers: response.allHeaderFields)
    }

    func trigger(_ body: String, headers: [String: String] = [:]) async throws -> Answer {
        let standard = ["Content-Type": "application/json", "Caisson-Request": "1"]
        return try await send("POST", "/api/v1/trigger", body: body, headers: standard.merging(headers) { $1 })
    }

    /// Oldest first.
    func runs(_ query: String = "") async throws -> [RunView] {
        try await get("/api/v1/runs\(query)").decode(RunsView.self).runs.reversed()
    }

    func run(_ id: Int) async throws -> RunView { try await get("/api/v1/runs/\(id)").decode() }

    func status() async throws -> StatusView { try await get("/api/v1/status").decode() }

    /// Waits until run `id` is in `state`, and gives it.
    @discardableResult
    func wait(for id: Int, _ state: String) async throws -> RunView {
        while true {
            if let run = try? await run(id), run.state == state { return run }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
