internal import Dockerfile
internal import OCI

/// What became of steps and why, for the journal and for whoever asks.
extension Solver {
    struct Fate {
        var isCached: Bool?
        var reasons: [String]
        var hasFailed = false
    }

    /// Why a step runs although records are looked at.
    func missReasons(of vertex: Vertex) -> [String] {
        guard let step = vertex.step else { return [] }
        if !usesCache { return ["--no-cache"] }
        if isUncached(vertex) { return ["--no-cache-filter \(step.stage)"] }
        guard let entry = entry(of: vertex) else { return [] }
        return reasons.changes(
            of: entry, among: { self.entry(of: self.graph[self.order.steps[$0]]) },
            paths: { number in
                let step = self.order.steps.first { self.graph[$0].step?.number == number }
                return step.flatMap { self.definitions[$0]?.files?.paths } ?? []
            })
    }

    func isUncached(_ vertex: Vertex) -> Bool {
        !usesCache || vertex.step.map { uncachedStages.contains($0.stage.lowercased()) } ?? false
    }

    /// Whether a step that is to run again lies behind the vertex: then its definition says too little.
    func standsOnUncached(_ id: VertexID) -> Bool {
        guard !uncachedStages.isEmpty else { return false }
        var pending = graph[id].inputs
        var seen = Set(pending)
        while let next = pending.popLast() {
            if isUncached(graph[next]) { return true }
            pending += graph[next].inputs.filter { seen.insert($0).inserted }
        }
        return false
    }

    /// Every step of the graph with what is known of it by now.
    package func journal(created: Int64) -> BuildJournal {
        BuildJournal(entries: order.steps.compactMap { entry(of: graph[$0]) }, created: created)
    }

    private func entry(of vertex: Vertex) -> BuildJournal.Entry? {
        guard let step = vertex.step else { return nil }
        let definition = definitions[vertex.id]
        let fate = fates[vertex.id]
        return BuildJournal.Entry(
            number: step.number, stage: step.stage, index: step.index, count: step.count, title: step.title,
            keyword: step.keyword.rawValue, line: step.range.firstLine,
            key: definition?.key.description ?? "", ingredients: definition?.ingredients ?? .object([:]),
            inputs: vertex.inputs.map { input(graph[$0]) }, isCached: fate?.isCached,
            reasons: fate?.reasons ?? [], hasFailed: fate?.hasFailed ?? false)
    }

    private func input(_ vertex: Vertex) -> BuildJournal.Input {
        if let place = order.places[vertex.id] { return .step(place) }
        if case .image(let image) = vertex.operation {
            return .image(
                reference: image.reference.description, digest: image.manifest.digest.description,
                content: LayerChain(image.config.diffIDs).identity)
        }
        let definition = definitions[vertex.id]
        return .other(
            key: definition?.key.description ?? "", ingredients: definition?.ingredients ?? .object([:]))
    }
}

/// The steps of a graph as a journal lists them.
struct StepOrder: Sendable {
    let steps: [VertexID]
    let places: [VertexID: Int]

    init(_ graph: Graph) {
        let vertices = graph.vertices.filter { $0.step != nil }.sorted { $0.number < $1.number }
        steps = vertices.map(\.id)
        places = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1, $0) })
    }
}

extension Vertex {
    var number: Int { step?.number ?? 0 }
}
