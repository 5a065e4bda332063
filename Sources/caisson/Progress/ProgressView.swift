import Build

/// Somebody who follows a build on standard error.
protocol ProgressView: AnyObject, Sendable {
    /// Called from any thread.
    func report(_ event: BuildEvent)

    /// Returns when everything is shown; nothing may be reported after it.
    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async
}

extension ProgressView {
    /// Shows what `body` reports, and ends with it, so that what is written afterwards stands below.
    func following<Result>(
        images: (Result) -> [BuiltImage], _ body: (@escaping EventSink) async throws -> Result
    ) async throws -> Result {
        let result: Result
        do {
            result = try await body { self.report($0) }
        } catch {
            await end(error is CancellationError || Task.isCancelled ? .cancelled : .failed, images: [])
            throw error
        }
        await end(.succeeded, images: images(result))
        return result
    }
}
