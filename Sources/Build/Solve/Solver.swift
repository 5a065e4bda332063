package import OCI

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
    private var solved: [VertexID: LayerChain] = [:]
    private var definitions: [VertexID: Definition] = [:]

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
        self.report = report
        self.now = now
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
            return chains
        }
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
        case .image(let image):
            if let step = vertex.step {
                report(.stepStarted(step))
                report(
                    .stepFinished(
                        step,
                        StepOutcome(
                            isCached: true, reason: image.manifest.digest.description, layer: nil, duration: .zero)))
            }
            return LayerChain(image.config.diffIDs)
        case .run, .copy, .makeDirectory: break
        }
        let definition = try await definition(of: id)
        if usesCache, let record = await records.record(for: definition.key) {
            return hit(record, vertex, reason: "same instruction on the same inputs")
        }
        let inputs = try await solve(vertex.inputs)
        let content = try await contentIngredients(of: vertex, on: inputs, definition: definition)
        let key = CacheKey(content)
        if usesCache, let record = await records.record(for: key) {
            try await records.save(record, for: [definition.key])
            return hit(record, vertex, reason: "inputs with the same content")
        }
        return try await run(vertex, on: inputs, content: content, keys: [key, definition.key])
    }

    private func hit(_ record: CacheRecord, _ vertex: Vertex, reason: String) -> LayerChain {
        if let step = vertex.step {
            report(.stepStarted(step))
            report(
                .stepFinished(
                    step,
                    StepOutcome(isCached: true, reason: reason, layer: record.chain.layers.last, duration: .zero)))
        }
        return record.chain
    }

    private func run(_ vertex: Vertex, on inputs: [LayerChain], content: JSON, keys: [CacheKey]) async throws -> LayerChain {
        let executor = executor
        let report = report
        let started = ContinuousClock.now
        if let step = vertex.step { report(.stepStarted(step)) }
        do {
            let layer = try await flights.value(for: keys[0], receive: { report($0.of(vertex.step)) }) { emit in
                try await executor.execute(vertex, on: inputs, emit: emit)
            }
            let duration = ContinuousClock.now - started
            let chain = inputs[0].appending(layer)
            let record = CacheRecord(
                chain: chain, ingredients: content, title: vertex.step?.title ?? "",
                created: now(), milliseconds: Int64(duration / .milliseconds(1)))
            try await records.save(record, for: keys)
            if let step = vertex.step {
                report(
                    .stepFinished(
                        step, StepOutcome(isCached: false, reason: "no record", layer: layer, duration: duration)))
            }
            return chain
        } catch {
            if let step = vertex.step, !(error is CancellationError) {
                report(.stepFailed(step, message: "\(error)"))
            }
            throw error
        }
    }

    // MARK: Keys

    /// A vertex by what it is asked to do; no input needs to be solved for it.
    private struct Definition {
        let key: CacheKey
        /// For a copy from a context, whose content is known before anything runs.
        var files: SelectedFiles?
    }

    private func definition(of id: VertexID) async throws -> Definition {
        if let known = definitions[id] { return known }
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
        let definition = Definition(key: CacheKey(.object(ingredients)), files: files)
        definitions[id] = definition
        return definition
    }

    private func contentIngredients(of vertex: Vertex, on inputs: [LayerChain], definition: Definition) async throws -> JSON {
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

    private func select(_ copy: CopyOperation, from source: SelectionSource, for vertex: Vertex) async throws -> SelectedFiles {
        do {
            return try await executor.select(copy, from: source)
        } catch let error as CopyError {
            guard let step = vertex.step else { throw error }
            report(.stepStarted(step))
            report(.stepFailed(step, message: error.message))
            throw BuildError.step(StepFailure(step: step, message: error.message, hint: error.hint))
        }
    }

}
