internal import OCI

/// Commands for CPUs whose programs this host cannot run: nobody wants to wait for half a build to learn of them.
extension Solver {
    /// Throws for the first such command in the order of the file that `targets` need and whose result cannot be had.
    ///
    /// Where an input has yet to be built, a result may turn up under its content; then nothing is said, and the command
    /// fails when its turn comes.
    package func refuseForeignCommands(_ targets: [VertexID]) async throws {
        var refusals: [Platform: (message: String, hint: String)] = [:]
        for vertex in graph.vertices {
            guard case .run(let run) = vertex.operation, refusals[run.platform] == nil else { continue }
            refusals[run.platform] = ForeignPlatform.refusal(of: run.platform)
        }
        guard !refusals.isEmpty else { return }
        var pending = targets
        var seen = Set(targets)
        var refused: (vertex: Vertex, message: String, hint: String)?
        // Looking through the records is worth its time once.
        var held: [Platform: Bool] = [:]
        while let id = pending.popLast() {
            if try await isRecorded(id) { continue }
            let vertex = graph[id]
            pending += vertex.inputs.filter { seen.insert($0).inserted }
            guard case .run(let run) = vertex.operation, let refusal = refusals[run.platform],
                vertex.number < refused?.vertex.number ?? .max
            else { continue }
            if !isUncached(vertex) {
                if held[run.platform] == nil { held[run.platform] = await records.mayHold(resultsFor: run.platform) }
                if held[run.platform] == true { continue }
            }
            refused = (vertex, refusal.message, refusal.hint)
        }
        guard let (vertex, message, hint) = refused else { return }
        fates[vertex.id] = Fate(isCached: false, reasons: missReasons(of: vertex), hasFailed: true)
        if let failure = failure(of: vertex, message, hint: hint) { throw BuildError.step(failure) }
    }

    /// Whether the vertex is a hit that needs none of its inputs.
    private func isRecorded(_ id: VertexID) async throws -> Bool {
        switch graph[id].operation {
        case .scratch, .image: return false
        case .run, .copy, .makeDirectory, .merge: break
        }
        guard !isUncached(graph[id]), !standsOnUncached(id) else { return false }
        return await records.record(for: try await definition(of: id).key) != nil
    }
}
