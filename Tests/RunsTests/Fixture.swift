import Foundation
import Pipeline
import Runs
import SystemPackage

/// A folder of its own for one test, removed when the test ends.
func withFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("runs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    return try await body(folder)
}

func withStore<Result>(_ body: (SQLiteRunStore) async throws -> Result) async throws -> Result {
    try await withFolder { try await body(SQLiteRunStore(path: $0.appending("agent.db"))) }
}

let start = Timestamp(milliseconds: 1_795_466_096_000)

func at(_ seconds: Int) -> Timestamp { start + .seconds(seconds) }

func commit(_ number: Int) throws -> CommitID {
    let digits = String(number, radix: 16)
    return try CommitID(String(repeating: "0", count: 40 - digits.count) + digits)
}

func branch(_ name: String) throws -> RefName { try RefName(.branch, name) }
func tag(_ name: String) throws -> RefName { try RefName(.tag, name) }

func request(
    _ number: Int = 1, pipeline: String = "web", ref: String = "main", cause: RunRequest.Cause = .change
) throws -> RunRequest {
    RunRequest(
        pipeline: try PipelineName(pipeline), trigger: try TriggerName("main"), repository: try repository(),
        ref: try branch(ref), commit: try commit(number), cause: cause)
}

func repository() throws -> RepositoryURL { try RepositoryURL("https://git.example.org/team/web.git") }

func pipeline(_ name: String = "web", triggers: String = "main: { branch: main }, release: { tag: \"v*\" }") throws
    -> PipelineFile
{
    let text = """
        schema: 1
        repo: \(try repository())
        triggers: { \(triggers) }
        checks: { test: test }
        """
    return try PipelineFile.parse(text, fileName: name + ".yaml").file
}

let retry = RetryPolicy(attempts: 3, backoff: .seconds(10)...Duration.seconds(60))
let lease = Duration.seconds(60)
