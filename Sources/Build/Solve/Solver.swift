package import OCI
import Synchronization

/// Carries out one operation on solved inputs; what the solver calls on a cache miss.
package protocol OperationExecutor: Sendable {
    /// The layer that `vertex` adds to its first input.
    func execute(_ vertex: Vertex, on inputs: [LayerChain], emit: @escaping EventSink) async throws -> DiffID

    /// The files a copy takes and the digest that names them.
    func select(_ copy: CopyOperation, from source: SelectionSource) async throws -> SelectedFiles
}

/// What a copy selects from.
package enum SelectionSource: Hashable, Sendable {
    case context(Int)
    case chain(LayerChain)
}

/// Brings vertices to their results with the least work: a hit by definition needs no input solved, a hit by content
/// makes everything after an unchanged result a hit, and equal work in flight, of this build or another, runs once.
package actor Solver {
    /// What builds of one engine share while steps run.
    package typealias Flights = SharedWork<CacheKey, DiffID, BuildEvent>

    private let graph: Graph
    private let records: any CacheRecords
    private let executor: any OperationExecutor
    private let flights: Flights
    private let usesCache: Bool
    private let report: EventSink
    private let now: @Sendable () -> Int64

    private let solving = SharedWork<VertexID, LayerChain, Never>()
    private let defining = SharedWork<VertexID, Definition, Never>()
    private var solved: [VertexID: LayerChain] = [:]
    private var definitions: [VertexID: Definition] = [:]
    /// Vertices whose step was reported: each is once.
    private var reported: Set<VertexID> = []

    /// `usesCache` false runs every step again; results are recorded all the same. `now` gives seconds since 1970.
    package init(
        graph: Graph, records: any CacheRecords, executor: any OperationExecutor, flights: Flights, usesCache: Bool,
        now: @escaping @Sendable () -> Int64, report: @escaping EventSink
    ) {
        self.graph = graph
        self.records = records
        self.executor = executor
        self.flights = flights
        self.usesCache = usesCache
        self.now = now
        // Steps that run here and output of shared ones arrive from different places.
        let gate = ReportGate()
        self.report = { event in gate.pass { report(event) } }
    }

    /// The layers of `targets`, in their order. Independent inputs are solved side by side; the first failure cancels
    /// the rest.
    package func solve(_ targets: [VertexID]) async throws -> [LayerChain] {
        try await withThrowingTaskGroup(of: (Int, LayerChain).self) { group in
            for (index, target) in targets.enumerated() {
                group.addTask { (index, try await self.solve(target)) }
            }
            var chains = [LayerChain](repeating: LayerChain(), count: targets.count)
            for try await (index, chain) in group { chains[index] = chain }
            for target in targets { await passOver(graph[target].inputs, below: nil, onlyRecorded: false) }
            return chains
        }
    }

    /// The same for targets that succeed or fail each for itself: one that fails leaves the others their time.
    package func solveEach(_ targets: [VertexID]) async -> [Result<LayerChain, any Error>] {
        await withTaskGroup(of: (Int, Result<LayerChain, any Error>).self) { group in
            for (index, target) in targets.enumerated() {
                group.addTask { (index, await self.outcome(of: target)) }
            }
            var results = [Result<LayerChain, any Error>](
                repeating: .failure(CancellationError()), count: targets.count)
            for await (index, result) in group { results[index] = result }
            for (target, result) in zip(targets, results) {
                guard case .success = result else { continue }
                await passOver(graph[target].inputs, below: nil, onlyRecorded: false)
            }
            return results
        }
    }

    /// A function of its own: Swift 6.3 garbles a pair that is returned from both sides of a `catch`.
    private func outcome(of id: VertexID) async -> Result<LayerChain, any Error> {
        do { return .success(try await solve(id)) } catch { return .failure(error) }
    }

    private func solve(_ id: VertexID) async throws -> LayerChain {
        if let chain = solved[id] { return chain }
        let chain = try await solving.value(for: id, receive: { _ in }) { _ in try await self.work(out: id) }
        solved[id] = chain
        return chain
    }

    private func work(out id: VertexID) async throws -> LayerChain {
        if let chain = solved[id] { return chain }
        let vertex = graph[id]
        switch vertex.operation {
        case .scratch: return LayerChain()
        case .image(let image): return LayerChain(image.config.diffIDs)
        case .run, .copy, .makeDirectory: break
        }
        let definition = try await definition(of: id)
        if usesCache, let record = await records.record(for: definition.key) {
            await passOver(vertex.inputs, below: record.chain, onlyRecorded: true)
            reportHit(vertex, layer: record.chain.layers.last, reason: "same instruction on the same inputs")
            return record.chain
        }
        let inputs = try await solve(vertex.inputs)
        let content = try await contentIngredients(of: vertex, on: inputs, definition: definition)
        let key = CacheKey(content)
        if usesCache, let record = await records.record(for: key) {
            try await records.save(record, for: [definition.key])
            reportHit(vertex, layer: record.chain.layers.last, reason: "inputs with the same content")
            return record.chain
        }
        return try await run(vertex, on: inputs, content: content, key: key, definition: definition.key)
    }

    private func run(
        _ vertex: Vertex, on inputs: [LayerChain], content: JSON, key: CacheKey, definition: CacheKey
    ) async throws -> LayerChain {
        let started = ContinuousClock.now
        if let step = vertex.step, reported.insert(vertex.id).inserted { report(.stepStarted(step)) }
        do {
            let layer = try await flights.value(for: key, receive: { [report] in report($0.of(vertex.step)) }) {
                [records, executor, usesCache, now] emit in
                // Equal work may have ended between the look for its record and now.
                if usesCache, let layer = await records.record(for: key)?.chain.layers.last { return layer }
                let layer = try await executor.execute(vertex, on: inputs, emit: emit)
                let record = CacheRecord(
                    chain: inputs[0].appending(layer), ingredients: content, title: vertex.step?.title ?? "",
                    created: now(), milliseconds: Int64((ContinuousClock.now - started) / .milliseconds(1)))
                try await records.save(record, for: [key, definition])
                return layer
            }
            let duration = ContinuousClock.now - started
            let chain = inputs[0].appending(layer)
            if let record = await records.record(for: key), record.chain == chain {
                // The starter of shared work knows only its own definition.
                try await records.save(record, for: [definition])
            }
            if let step = vertex.step {
                report(
                    .stepFinished(
                        step, StepOutcome(isCached: false, reason: "no record", layer: layer, duration: duration)))
            }
            return chain
        } catch {
            guard let step = vertex.step, !(error is CancellationError) else { throw error }
            let failure = Self.failure(error, of: step)
            report(.stepFailed(step, message: (failure as? BuildError)?.stepMessage ?? "\(failure)"))
            throw failure
        }
    }

    /// An error of shared work as this build's step has it.
    private static func failure(_ error: any Error, of step: Step) -> any Error {
        guard case BuildError.step(let failure) = error, failure.step != step else { return error }
        return BuildError.step(
            StepFailure(
                step: step, message: failure.message, hint: failure.hint, exitCode: failure.exitCode,
                lastOutput: failure.lastOutput))
    }

    // MARK: Reports

    private func reportHit(_ vertex: Vertex, layer: DiffID?, reason: String) {
        guard let step = vertex.step, reported.insert(vertex.id).inserted else { return }
        report(.stepStarted(step))
        report(.stepFinished(step, StepOutcome(isCached: true, reason: reason, layer: layer, duration: .zero)))
    }

    /// Reports the steps behind a hit, which nothing has to look at, in their order. `chain` is what the first input
    /// is the bottom of. Steps without a record may yet run for another target, so they come when all have ended.
    private func passOver(_ inputs: [VertexID], below chain: LayerChain?, onlyRecorded: Bool) async {
        for (position, id) in inputs.enumerated() where graph[id].step != nil && !reported.contains(id) {
            let record = await record(of: id)
            if onlyRecorded, record == nil { continue }
            let below =
                position == 0 ? chain.map { LayerChain(Array($0.layers.dropLast())) } ?? record?.chain : record?.chain
            await passOver(graph[id].inputs, below: below, onlyRecorded: onlyRecorded)
            reportHit(graph[id], layer: below?.layers.last, reason: "a later step is cached")
        }
    }

    private func record(of id: VertexID) async -> CacheRecord? {
        guard usesCache, let definition = try? await definition(of: id) else { return nil }
        return await records.record(for: definition.key)
    }

    // MARK: Keys

    /// A vertex by what it is asked to do; no input needs to be solved for it.
    private struct Definition: Sendable {
        let key: CacheKey
        /// For a copy from a context, whose content is known before anything runs.
        var files: SelectedFiles?
    }

    private func definition(of id: VertexID) async throws -> Definition {
        if let known = definitions[id] { return known }
        let definition = try await defining.value(for: id, receive: { _ in }) { _ in try await self.define(id) }
        definitions[id] = definition
        return definition
    }

    private func define(_ id: VertexID) async throws -> Definition {
        let vertex = graph[id]
        var ingredients: JSONObject = [:]
        var files: SelectedFiles?
        switch vertex.operation {
        case .scratch: ingredients["operation"] = "scratch"
        case .image(let image):
            ingredients = ["operation": "image", "content": .string(LayerChain(image.config.diffIDs).identity)]
        case .run(let run): ingredients["run"] = run.ingredients
        case .makeDirectory(let directory): ingredients["directory"] = directory.ingredients
        case .copy(let copy):
            ingredients["copy"] = copy.ingredients
            switch copy.origin {
            case .context(let index):
                let selected = try await select(copy, from: .context(index), for: vertex)
                files = selected
                ingredients["files"] = selected.json
            case .stage: ingredients["sources"] = .array(copy.sources.map(JSON.string))
            }
        }
        var inputs: [JSON] = []
        for input in vertex.inputs { inputs.append(.string(try await definition(of: input).key.description)) }
        ingredients["inputs"] = .array(inputs)
        return Definition(key: CacheKey(.object(ingredients)), files: files)
    }

    private func contentIngredients(of vertex: Vertex, on inputs: [LayerChain], definition: Definition) async throws
        -> JSON
    {
        var ingredients: JSONObject = ["parent": .string(inputs[0].identity)]
        switch vertex.operation {
        case .run(let run): ingredients["run"] = run.ingredients
        case .makeDirectory(let directory): ingredients["directory"] = directory.ingredients
        case .copy(let copy):
            ingredients["copy"] = copy.ingredients
            if let files = definition.files {
                ingredients["files"] = files.json
            } else {
                ingredients["files"] = try await select(copy, from: .chain(inputs[1]), for: vertex).json
            }
        case .scratch, .image: break
        }
        return .object(ingredients)
    }

    private func select(_ copy: CopyOperation, from source: SelectionSource, for vertex: Vertex) async throws
        -> SelectedFiles
    {
        do {
            return try await executor.select(copy, from: source)
        } catch let error as CopyError {
            guard let step = vertex.step else { throw error }
            if reported.insert(vertex.id).inserted {
                report(.stepStarted(step))
                report(.stepFailed(step, message: error.message))
            }
            throw BuildError.step(StepFailure(step: step, message: error.message, hint: error.hint))
        }
    }
}

/// Lets one event pass at a time.
private final class ReportGate: Sendable {
    private let gate = Mutex<Void>(())

    func pass(_ report: () -> Void) { gate.withLock { _ in report() } }
}
