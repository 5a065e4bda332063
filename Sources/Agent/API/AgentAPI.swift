import Foundation
import HTTPTypes
import Hummingbird
import Pipeline
import Runs

/// The HTTP interface of the agent; README.md has its requests and answers.
struct AgentAPI: Sendable {
    let configuration: AgentConfiguration
    let pipelines: Pipelines
    let store: any RunStore
    let logs: RunLogs
    let trigger: ManualTrigger
    let bell: Doorbell
    let phase: AgentPhase
    let startedAt: Timestamp

    /// `isLoopbackOnly`: requests must name loopback as their host.
    func router(isLoopbackOnly: Bool) -> Router<AgentRequestContext> {
        let router = Router(context: AgentRequestContext.self)
        router.add(middleware: RequestGuard(isLoopbackOnly: isLoopbackOnly))
        router.get("healthz") { _, _ in try await health() }
        let api = router.group("api/v1")
        api.get("status") { _, _ in try await status() }
        api.get("runs") { request, _ in try await list(request) }
        api.get("runs/:id") { _, context in try await show(context) }
        api.get("runs/:id/log") { request, context in try await log(request, context) }
        api.post("trigger") { request, context in try await start(request, context) }
        return router
    }

    private func health() async throws -> Response {
        _ = try await store.queueDepth()
        return try .json(["status": "ok"])
    }

    private func status() async throws -> Response {
        let now = Timestamp.now
        let depth = try await store.queueDepth()
        let polls = Dictionary(uniqueKeysWithValues: try await store.polls().map { ($0.repository, $0) })
        var states: [StatusDocument.PipelineStatus] = []
        for file in pipelines.files {
            let last = try await store.runs(RunFilter(pipeline: file.name, limit: 1)).first
            states.append(
                StatusDocument.PipelineStatus(
                    name: file.name.text, repository: file.repository.text, triggers: file.triggers.map(\.name.text),
                    lastRun: last.map { RunDocument($0, at: now) }))
        }
        let repositories = pipelines.byRepository.keys.sorted().map { url in
            StatusDocument.RepositoryStatus(
                url: url.text, polledAt: polls[url]?.polledAt.description,
                succeededAt: polls[url]?.succeededAt?.description, failures: polls[url]?.failures ?? 0,
                message: polls[url]?.message)
        }
        return try .json(
            StatusDocument(
                agent: StatusDocument.Agent(
                    name: configuration.agent.name, state: phase.name.rawValue, startedAt: startedAt.description),
                queue: StatusDocument.Queue(
                    queued: depth.queued, running: depth.running, slots: configuration.queue.slots),
                pipelines: states, repositories: repositories))
    }

    private func list(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        var filter = RunFilter()
        if let name = query["pipeline"] {
            guard let pipeline = try? PipelineName(String(name)) else {
                throw APIError.badRequest("`\(name)` is not a pipeline name")
            }
            filter.pipeline = pipeline
        }
        filter.limit = Int(try number(query["limit"], "limit", in: 1...1000) ?? 50)
        filter.before = try number(query["before"], "before", in: 1...Int64.max).map { RunID($0) }
        let now = Timestamp.now
        return try .json(RunListDocument(runs: try await store.runs(filter).map { RunDocument($0, at: now) }))
    }

    private func show(_ context: AgentRequestContext) async throws -> Response {
        try .json(RunDocument(try await details(context), at: .now))
    }

    /// The text of a run's log as it stands, or followed to its end.
    private func log(_ request: Request, _ context: AgentRequestContext) async throws -> Response {
        let query = request.uri.queryParameters
        let id = try await details(context).run.id
        let offset = try number(query["offset"], "offset", in: 0...Int64.max) ?? 0
        let step = query["step"].map { String($0) }
        let isFollowing = query["follow"].map { $0 == "1" || $0 == "true" } ?? false
        let ending: (@Sendable () async throws -> Bool)?
        if isFollowing {
            ending = { try await isEnded(id) }
        } else {
            ending = nil
        }
        let reading = RunLogReading(logs, of: id, from: offset, step: step, following: ending)
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                while let piece = try await reading.next() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    private func start(_ request: Request, _ context: AgentRequestContext) async throws -> Response {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        let data = Data(body.readableBytesView)
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let document = try? JSONDecoder().decode(TriggerDocument.self, from: data)
        else {
            throw APIError.badRequest(
                "the body must be an object with the text `pipeline`, and `ref` and `token` if wanted")
        }
        if let unknown = Set(object.keys).subtracting(TriggerDocument.keys).sorted().first {
            throw APIError.badRequest("unknown key `\(unknown)`")
        }
        let queued = try await trigger.start(document)
        bell.ring()
        return try .json(RunDocument(queued.run, at: .now), status: queued.isNew ? .created : .ok)
    }

    private func isEnded(_ id: RunID) async throws -> Bool {
        try await store.details(of: id)?.run.state.isFinal ?? true
    }

    private func details(_ context: AgentRequestContext) async throws -> RunDetails {
        let text = context.parameters.get("id") ?? ""
        guard let number = Int64(text), let details = try await store.details(of: RunID(number)) else {
            throw APIError.notFound("there is no run `\(text)`")
        }
        return details
    }

    private func number(_ text: Substring?, _ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw APIError.badRequest("`\(name)` must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
