import Foundation
import Hummingbird
import OCI
import Pipeline
import Runs

// The shapes of the API's answers. Their properties are written in snake_case; what has no value is left out.

struct StatusDocument: Encodable {
    struct Agent: Encodable {
        let name: String
        let state: String
        let startedAt: String
    }

    struct Queue: Encodable {
        let queued: Int
        let running: Int
        let slots: Int
    }

    struct PipelineStatus: Encodable {
        let name: String
        let repository: String
        let triggers: [String]
        let lastRun: RunDocument?
    }

    struct RepositoryStatus: Encodable {
        let url: String
        let polledAt: String?
        let succeededAt: String?
        let failures: Int
        let message: String?
    }

    let agent: Agent
    let queue: Queue
    let pipelines: [PipelineStatus]
    let repositories: [RepositoryStatus]
}

struct RunListDocument: Encodable {
    let runs: [RunDocument]
}

/// A run; `steps` only when one run was asked for.
struct RunDocument: Encodable {
    struct Step: Encodable {
        let id: String
        let name: String
        let status: String
        let cached: Bool
        let startedAt: String
        let durationMs: Int64?
    }

    struct Target: Encodable {
        let kind: String
        let name: String
        let status: String
        let message: String?
        let durationMs: Int64?
        let digest: String?
        let size: Int64?
        let references: [String]?
    }

    let id: Int64
    let pipeline: String
    let trigger: String
    let repository: String
    let ref: String
    let commit: String
    let cause: String
    let state: String
    let attempt: Int
    let message: String?
    let createdAt: String
    let startedAt: String?
    let finishedAt: String?
    let notBefore: String?
    let durationMs: Int64?
    let stepCount: Int
    let cachedStepCount: Int
    let targets: [Target]
    let steps: [Step]?

    init(_ summary: RunSummary, at now: Timestamp) {
        self.init(
            summary.run, stepCount: summary.stepCount, cached: summary.cachedStepCount, targets: summary.targets,
            steps: nil, at: now)
    }

    init(_ details: RunDetails, at now: Timestamp) {
        let ended = details.steps.filter { $0.status != .running }
        self.init(
            details.run, stepCount: ended.count, cached: ended.count { $0.isCached }, targets: details.targets,
            steps: details.steps.map(Step.init), at: now)
    }

    init(_ run: Run, at now: Timestamp) {
        self.init(run, stepCount: 0, cached: 0, targets: [], steps: nil, at: now)
    }

    private init(
        _ run: Run, stepCount: Int, cached: Int, targets: [TargetRecord], steps: [Step]?, at now: Timestamp
    ) {
        id = run.id.number
        pipeline = run.request.pipeline.text
        trigger = run.request.trigger.text
        repository = run.request.repository.text
        ref = run.request.ref.full
        commit = run.request.commit.hex
        cause = if case .manual = run.request.cause { "manual" } else { "change" }
        state = run.state.rawValue
        attempt = run.lifecycle.attempt
        message = run.lifecycle.message
        createdAt = run.createdAt.description
        startedAt = run.lifecycle.startedAt?.description
        finishedAt = run.lifecycle.finishedAt?.description
        notBefore = run.lifecycle.notBefore?.description
        durationMs = run.state == .queued ? nil : run.duration(at: now)?.milliseconds
        self.stepCount = stepCount
        cachedStepCount = cached
        self.targets = targets.map(Target.init)
        self.steps = steps
    }
}

extension RunDocument.Step {
    fileprivate init(_ step: StepRecord) {
        self.init(
            id: step.id, name: step.name, status: step.status.rawValue, cached: step.isCached,
            startedAt: step.startedAt.description, durationMs: step.duration?.milliseconds)
    }
}

extension RunDocument.Target {
    fileprivate init(_ target: TargetRecord) {
        self.init(
            kind: target.kind.rawValue, name: target.name, status: target.status.rawValue, message: target.message,
            durationMs: target.duration?.milliseconds, digest: target.image?.digest.description,
            size: target.image?.size, references: target.image?.references.map(\.description))
    }
}

/// `POST /api/v1/trigger`
struct TriggerDocument: Decodable {
    let pipeline: String
    /// A branch, a tag, or a full ref name.
    let ref: String?
    /// Asking again with the same token gives the same run.
    let token: String?

    static let keys: Set<String> = ["pipeline", "ref", "token"]
}

extension Response {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(value) + Data("\n".utf8)
        return Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
