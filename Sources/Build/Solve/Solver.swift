package import OCI
import Synchronization

/// Carries out one operation on solved inputs; what the solver calls on a cache miss.
package protocol OperationExecutor: Sendable {
    /// The layer that `vertex` adds to its first input.
    func execute(_ vertex: Vertex, on inputs: [LayerChain], emit: @escaping EventSink) async throws -> DiffID

    /// The files a copy takes and the digest that names them.
    func select(_ copy: CopyOperation, from source: SelectionSource) async throws -> SelectedFiles

    /// Bytes of a layer, uncompressed; nil if it is not here.
    func size(of layer: DiffID) -> Int64?
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

    let graph: Graph
    let records: any CacheRecords
    let executor: any OperationExecutor
    private let flights: Flights
    let usesCache: Bool
    let uncachedStages: Set<String>
    let reasons: MissReasons
    let order: StepOrder
    let report: EventSink
    private let now: @Sendable () -> Int64

    private let solving = SharedWork<VertexID, LayerChain, Never>()
    let defining = SharedWork<VertexID, Definition, Never>()
    private var solved: [VertexID: LayerChain] = [:]
    var definitions: [VertexID: Definition] = [:]
    /// Vertices whose step was reported: each is once.
    var reported: Set<VertexID>
    /// Those whose step was said to start, and not yet to end.
    private var open: Set<VertexID>
    var fates: [VertexID: Fate]

    /// `usesCache` false runs every step again, `uncachedStages` those of some stages; results are recorded all the same.
    /// `history` is what reasons are found in, `told` comes from the attempt before this one. `now` gives seconds since
    /// 1970.
    package init(
        graph: Graph, records: any CacheRecords, executor: any OperationExecutor, flights: Flights, usesCache: Bool,
        uncachedStages: Set<String> = [], history: BuildHistory = BuildHistory(), after told: Told = Told(),
        now: @escaping @Sendable () -> Int64, report: @escaping EventSink
    ) {
        self.graph = graph
        self.records = records
        self.executor = executor
        self.flights = flights
        self.usesCache = usesCache
        self.uncachedStages = uncachedStages
        reasons = MissReasons(history)
        order = StepOrder(graph)
        (reported, open, fates) = (told.reported, told.open, told.fates)
        self.now = now
        // Steps that run here and output of shared ones arrive from different places.
        let gate = ReportGate()
        self.report = { event in gate.pass(event) { report(event) } }
    }

    /// What people know of the build's steps, for an attempt after this one.
    package struct Told: Sendable {
        fileprivate var reported: Set<VertexID> = []
        fileprivate var open: Set<VertexID> = []
        fileprivate var fates: [VertexID: Fate] = [:]

        package init() {}
    }

    package var told: Told {
        var told = Told()
        (told.reported, told.open, told.fates) = (reported, open, fates)
        return told
    }

    /// The layers of `targets`, in their order. Independent inputs are solved side by side; the first failure cancels
    /// the rest.
    package func solve(_ targets: [VertexID]) async throws -> [LayerChain] {
        try await withThrowingTaskGroup(of: (Int, LayerChain).self) { group in
            for (index, target) in targets.enumerated() { group.addTask { (index, try await self.solve(target)) } }
            var chains = [LayerChain](repeating: LayerChain(), count: targets.count)
            for try await (index, chain) in group { chains[index] = chain }
            for target in targets { await passOver(graph[target].inputs, below: nil, onlyRecorded: false) }
            return chains
        }
    }

    /// The same for targets that succeed or fail each for itself: one that fails leaves the others their time.
    package func solveEach(_ targets: [VertexID]) async -> [Result<LayerChain, any Error>] {
        await withTaskGroup(of: (Int, Result<LayerChain, any Error>).self) { group in
            for (index, target) in targets.enumerated() { group.addTask { (index, await self.outcome(of: target)) } }
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
        case .merge: return try await merge(vertex)
        case .run, .copy, .makeDirectory: break
        }
        let definition = try await definition(of: id)
        let usesCache = !isUncached(vertex)
        if usesCache, !standsOnUncached(id), let record = await records.record(for: definition.key) {
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

    /// Nothing runs: what is known of its inputs is known of it. The record saves looking at them.
    private func merge(_ vertex: Vertex) async throws -> LayerChain {
        let key = try await definition(of: vertex.id).key
        if usesCache, !standsOnUncached(vertex.id), let record = await records.record(for: key) {
            await passOver(vertex.inputs, below: record.chain, onlyRecorded: true)
            return record.chain
        }
        let inputs = try await solve(vertex.inputs)
        let chain = LayerChain(inputs.flatMap(\.layers))
        let record = CacheRecord(
            chain: chain, ingredients: ["merge": .array(inputs.map { .string($0.identity) })], title: "",
            created: now(), milliseconds: 0)
        try await records.save(record, for: [key])
        return chain
    }

    private func run(_ vertex: Vertex, on inputs: [LayerChain], content: JSON, key: CacheKey, definition: CacheKey)
        async throws -> LayerChain
    {
        let started = ContinuousClock.now
        let usesCache = !isUncached(vertex)
        let reasons = missReasons(of: vertex)
        fates[vertex.id] = Fate(isCached: false, reasons: reasons)
        reported.insert(vertex.id)
        if let step = vertex.step, open.insert(vertex.id).inserted { report(.stepStarted(step)) }
        do {
            let layer = try await ownOrShared(key, of: vertex) { [records, executor, now] emit in
                let turn = usesCache ? try await Self.turn(for: key, of: vertex, among: records, emit) : nil
                defer { withExtendedLifetime(turn) {} }
                // Equal work may have ended between the look for its record and now.
                if usesCache, let layer = await records.record(for: key)?.chain.layers.last { return layer }
                let layer = try await executor.execute(vertex, on: inputs, emit: emit)
                let record = CacheRecord(
                    chain: inputs[0].appending(layer), ingredients: content, title: vertex.title,
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
                open.remove(vertex.id)
                report(
                    .stepFinished(
                        step,
                        StepOutcome(
                            isCached: false, reason: Self.summary(of: reasons), layer: layer,
                            size: executor.size(of: layer), duration: duration)))
            }
            return chain
        } catch {
            guard let step = vertex.step, !(error is CancellationError || error is LostLayer) else { throw error }
            open.remove(vertex.id)
            fates[vertex.id]?.hasFailed = true
            let failure = Self.failure(error, of: step)
            report(.stepFailed(step, message: (failure as? BuildError)?.stepMessage ?? "\(failure)"))
            throw failure
        }
    }

    /// What the work results in, or the same work of another build. That one's mistakes are its own: it may lack a
    /// secret or the way to a registry that this one has. Only a command that fails, fails for all.
    private func ownOrShared(
        _ key: CacheKey, of vertex: Vertex,
        work: @escaping @Sendable (@escaping EventSink) async throws -> DiffID
    ) async throws -> DiffID {
        while true {
            let isOwn = Mutex(false)
            do {
                return try await flights.value(for: key, receive: { [report] in report($0.of(vertex.step)) }) { emit in
                    isOwn.withLock { $0 = true }
                    return try await work(emit)
                }
            } catch {
                if case BuildError.step(let failure) = error, failure.exitCode != nil { throw error }
                if error is CancellationError || error is LostLayer || isOwn.withLock({ $0 }) { throw error }
            }
        }
    }

    private static func turn(
        for key: CacheKey, of vertex: Vertex, among records: any CacheRecords, _ emit: @escaping EventSink
    ) async throws -> any Sendable {
        try await records.turn(for: key) {
            guard let step = vertex.step else { return }
            emit(.stepOutput(step, .standardError, Array("waiting for another build, which runs this step\n".utf8)))
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
}

/// Lets one event pass at a time, and what several steps wait for once.
private final class ReportGate: Sendable {
    private let gate = Mutex(TransferNews())

    func pass(_ event: BuildEvent, _ report: () -> Void) {
        gate.withLock { news in
            if case .transfer(let transfer) = event, !news.isNew(transfer) { return }
            report()
        }
    }
}
