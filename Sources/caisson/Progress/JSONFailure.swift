import Build
import Dockerfile
import Linux
import OCI

extension ProgressStyle {
    /// Runs `body`; where progress is JSON, what it throws ends the stream as events rather than as text:
    /// `{"time","event":"error","message","file","line","column","hint","exit"}`, one for each mistake.
    func sayingFailures(_ body: () async throws -> Void) async throws {
        guard resolved == .json else { return try await body() }
        do {
            try await body()
        } catch {
            let failure = Failure(Task.isCancelled ? CancellationError() : error)
            guard !failure.message.isEmpty, let code = Failure.Code(rawValue: failure.code) else { throw error }
            for var event in Self.events(of: error, otherwise: failure) {
                event["event"] = "error"
                event["exit"] = .integer(Int64(failure.code))
                JSONProgress.write(event)
            }
            throw CommandFailure(text: "", code)
        }
    }

    private static func events(of error: any Error, otherwise failure: Failure) -> [JSONObject] {
        switch error as? BuildError {
        case .dockerfile(let diagnostics, let source):
            diagnostics.filter { $0.severity == .error }.map { event(of: $0, in: source.name) }
        case .unavailable(let diagnostic, let source): [event(of: diagnostic, in: source.name)]
        case .step(let failure), .unreachable(let failure):
            [event(of: .error(failure.message, at: failure.step.range, hint: failure.hint), in: nil)]
        default: [["message": .string(String(failure.message.trimmingPrefix("error: ")))]]
        }
    }

    private static func event(of diagnostic: Diagnostic, in file: String?) -> JSONObject {
        [
            "message": .string(diagnostic.message), "file": file.map(JSON.string),
            "line": diagnostic.range.map { .integer(Int64($0.firstLine)) },
            "column": diagnostic.range.map { .integer(Int64($0.start.column)) },
            "hint": diagnostic.hint.map(JSON.string),
        ]
    }
}
