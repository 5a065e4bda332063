import Archive
import Build
import OCI
import Storage

/// Carries out operations in the imagination: a layer is a function of the step's title and its inputs, unless a test
/// says otherwise.
actor FakeExecutor: OperationExecutor {
    private(set) var executed: [String] = []
    private var results: [String: String] = [:]
    private var failures: [String: any Error] = [:]
    private var onceFailures: [String: any Error] = [:]
    private var gates: [String: (entered: Signal, goOn: Signal)] = [:]
    private(set) var cancelled: [String] = []
    private var context: FileTree

    init(_ context: [TreeItem] = []) { self.context = FileTree(context) }

    /// The step gives this layer whatever its inputs are.
    func setResult(of title: String, to name: String) { results[title] = name }

    func fail(_ title: String, with error: any Error) { failures[title] = error }

    /// The step fails the first time.
    func failOnce(_ title: String, with error: any Error) { onceFailures[title] = error }

    /// The step waits until the second signal is sent, or until it is cancelled.
    func hold(_ title: String) -> (entered: Signal, goOn: Signal) {
        let gate = (Signal(), Signal())
        gates[title] = gate
        return gate
    }

    func setContext(_ items: [TreeItem]) { context = FileTree(items) }

    func clear() { executed = [] }

    func execute(_ vertex: Vertex, on inputs: [LayerChain], emit: @escaping EventSink) async throws -> DiffID {
        let title = vertex.step?.title ?? ""
        executed.append(title)
        if let step = vertex.step { emit(.stepOutput(step, .standardOutput, Array("\(title)\n".utf8))) }
        if let gate = gates[title] {
            await gate.entered.send()
            await withTaskCancellationHandler {
                await gate.goOn.wait()
            } onCancel: {
                Task { await gate.goOn.send() }
            }
            if Task.isCancelled {
                cancelled.append(title)
                throw CancellationError()
            }
        }
        if let failure = onceFailures.removeValue(forKey: title) ?? failures[title] { throw failure }
        var text = results[title] ?? "\(title) \(inputs)"
        if results[title] == nil, case .copy(let copy) = vertex.operation, case .context = copy.origin {
            text += try await select(copy, from: .context(0)).digest.description
        }
        return DiffID(Digest.of(Array(text.utf8)))
    }

    nonisolated func size(of layer: DiffID) -> Int64? { 1024 }

    func select(_ copy: CopyOperation, from source: SelectionSource) async throws -> SelectedFiles {
        let tree =
            switch source {
            case .context: context
            case .chain(let chain): FileTree([.file("x", "\(chain)")])
            }
        let selection = try CopySelection(of: copy, in: tree)
        var digests: [FileTree.NodeID: Digest] = [:]
        selection.forEach { id in
            guard case .file(let content) = selection.tree[id].kind, case .bytes(let bytes) = content.source else {
                return
            }
            digests[id] = Digest.of(bytes)
        }
        return SelectedFiles(selection, for: copy, digests: digests)
    }
}

/// Records that last as long as a test.
actor MemoryRecords: CacheRecords {
    private var records: [CacheKey: CacheRecord] = [:]

    var count: Int { records.count }

    func record(for key: CacheKey) -> CacheRecord? { records[key] }

    func mayHold(resultsFor platform: Platform) -> Bool {
        records.values.contains { $0.ingredients["run"]?["platform"]?.stringValue == platform.description }
    }

    func save(_ record: CacheRecord, for keys: [CacheKey]) { for key in keys { records[key] = record } }

    /// Forgets the results of one step.
    func forget(_ title: String) { records = records.filter { $0.value.title != title } }
}

/// One fake engine: what its builds share.
struct SolverFixture {
    let executor: FakeExecutor
    let records = MemoryRecords()
    let flights = Solver.Flights()

    init(_ context: [TreeItem] = []) { executor = FakeExecutor(context) }

    func solve(
        _ dockerfile: String, targets: [String] = [], usesCache: Bool = true, images: KnownImages = KnownImages(),
        platforms: [Platform] = [.current], log: EventLog = EventLog()
    ) async throws -> [LayerChain] {
        let plan = try await BuildPlan.of(dockerfile, images: images) {
            $0.targets = targets
            $0.platforms = platforms
        }
        let solver = Solver(
            graph: plan.graph, records: records, executor: executor, flights: flights, usesCache: usesCache,
            now: { 0 }, report: log.receive)
        return try await solver.solve(plan.targets.map(\.vertex))
    }

    /// Only the look at what this host cannot run; `platforms` are those to build for.
    func refuseForeignCommands(
        _ dockerfile: String, platforms: [Platform], usesCache: Bool = true, log: EventLog = EventLog()
    ) async throws {
        let plan = try await BuildPlan.of(dockerfile) { $0.platforms = platforms }
        let solver = Solver(
            graph: plan.graph, records: records, executor: executor, flights: flights, usesCache: usesCache,
            now: { 0 }, report: log.receive)
        try await solver.refuseForeignCommands(plan.targets.map(\.vertex))
    }
}
