import Foundation
import HTTPTypes
import Pipeline
import Runs

/// Starts runs that somebody asks for: finds out where the ref is now and queues a run for it.
struct ManualTrigger: Sendable {
    let pipelines: Pipelines
    let source: any RefSource
    let store: any RunStore
    let timeout: Duration

    func start(_ request: TriggerDocument) async throws -> EnqueuedRun {
        let known = pipelines.files.map(\.name.text)
        guard let pipeline = pipelines.files.first(where: { $0.name.text == request.pipeline }) else {
            throw APIError.notFound(
                "there is no pipeline `\(request.pipeline)`; there are: \(known.joined(separator: ", "))")
        }
        let candidates = try request.ref.map { try Self.candidates($0) } ?? [Self.defaultRef(of: pipeline)]
        let (ref, commit) = try await locate(candidates, in: pipeline.repository)
        guard let trigger = pipeline.triggers(for: ref).first else {
            throw APIError.unprocessable("no trigger of pipeline `\(pipeline.name)` is for `\(ref)`")
        }
        let run = RunRequest(
            pipeline: pipeline.name, trigger: trigger.name, repository: pipeline.repository, ref: ref, commit: commit,
            cause: .manual(token: request.token ?? UUID().uuidString))
        return try await store.enqueue(run, at: .now)
    }

    /// What `text` may mean, the most likely first.
    private static func candidates(_ text: String) throws -> [RefName] {
        if let full = RefName(full: text) { return [full] }
        guard let branch = try? RefName(.branch, text), let tag = try? RefName(.tag, text) else {
            throw APIError.badRequest("`\(text)` is not the name of a branch or tag")
        }
        return [branch, tag]
    }

    /// The first branch that the pipeline names without wildcards.
    private static func defaultRef(of pipeline: PipelineFile) throws -> RefName {
        let branches = pipeline.triggers.filter { $0.kind == .branch }.flatMap(\.refs.literals)
        guard let name = branches.first else {
            throw APIError.unprocessable("pipeline `\(pipeline.name)` names no single branch: say which ref to build")
        }
        return try RefName(.branch, name)
    }

    private func locate(
        _ candidates: [RefName], in repository: RepositoryURL
    ) async throws -> (RefName, CommitID) {
        let heads: [RefName: CommitID]
        do {
            heads = try await withDeadline(timeout, "server did not answer in \(timeout.configured)") {
                try await source.refs(of: repository, prefixes: candidates.map(\.full))
            }
        } catch {
            throw APIError(status: .badGateway, code: "repository_unreachable", message: "\(repository): \(error)")
        }
        for ref in candidates {
            if let commit = heads[ref] { return (ref, commit) }
        }
        throw APIError.notFound("\(repository) has no `\(candidates[0].name)`")
    }
}
