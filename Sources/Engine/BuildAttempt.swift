import Build
import Dockerfile
import Linux
import OCI
import Storage

/// A build from its plan to its images. A layer of an imported cache that cannot be had ends it with `LostLayer`; the
/// next attempt, without that layer, finds done what was done.
struct BuildAttempt {
    let engine: Engine
    let request: BuildRequest
    let plan: BuildPlan
    let commands: CommandRunner
    let history: BuildHistory
    let flights: Solver.Flights
    let lease: Lease
    let report: EventSink

    typealias Solve = (Solver, [VertexID]) async throws -> [Result<LayerChain, any Error>]

    func solver(_ imported: ImportedCache, after told: Solver.Told) -> Solver {
        let executor = LayerExecutor(
            store: engine.store, library: engine.library, trees: engine.trees, graph: plan.graph, commands: commands,
            imports: imported.origins)
        let records = CombinedRecords(
            stored: StoredRecords(
                store: engine.store, origins: executor.origins, lease: lease, scope: request.cache.scope,
                // Whoever looks around where a step failed may take hours.
                isPatient: request.visitor == nil),
            imported: imported)
        return Solver(
            graph: plan.graph, records: records, executor: executor, flights: flights, usesCache: request.usesCache,
            uncachedStages: request.cache.uncachedStages, history: history, after: told, now: WallClock.seconds,
            report: report)
    }

    /// The targets' images, their layers and documents in the store, durably, and the caches that the build leaves.
    func images(
        by solver: Solver, _ imported: ImportedCache, _ solve: Solve
    ) async throws -> [Result<BuiltImage, any Error>] {
        let chains = try await keepingJournal(of: solver) {
            let chains = try await solve(solver, plan.targets.map(\.vertex))
            for case .failure(let loss as LostLayer) in chains { throw loss }
            return chains
        }
        try Task.checkCancellation()
        let origins = LayerOrigins(of: bases).merging(imported.origins)
        let assembler = ImageAssembler(store: engine.store, lease: lease)
        var images: [Result<BuiltImage, any Error>] = []
        for (target, chain) in zip(plan.targets, chains) {
            switch chain {
            case .success(let layers):
                let absent = try await engine.fetchOwnLayers(
                    of: target, layers, origins, imported, of: request, report)
                images.append(.success(try await assembler.assemble(target, layers: layers, absent: absent)))
            case .failure(let error): images.append(.failure(error))
            }
        }
        try await BlockingThread(label: "flush").run { [store = engine.store] in try store.synchronize() }
        let targets = zip(plan.targets, chains).compactMap { (try? $1.get()) == nil ? nil : $0.vertex }
        try await engine.exportCache(of: request, LayerOrigins(of: bases), imported, report) { isOfEveryStep in
            await solver.results(of: targets, ofEveryStep: isOfEveryStep)
        }
        return images
    }

    private var bases: [BaseImage] {
        plan.graph.vertices.compactMap { vertex in
            if case .image(let image) = vertex.operation { image } else { nil }
        }
    }

    /// However the build ends, it can be asked why.
    private func keepingJournal<Result>(of solver: Solver, _ body: () async throws -> Result) async throws -> Result {
        do {
            let result = try await body()
            try engine.journals.save(await solver.journal(created: WallClock.seconds()), of: request)
            return result
        } catch {
            // The failure counts, not that nobody may learn of it later.
            try? engine.journals.save(await solver.journal(created: WallClock.seconds()), of: request)
            throw error
        }
    }
}
