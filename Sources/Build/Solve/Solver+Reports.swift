internal import OCI

/// What people are told of steps that did not run.
extension Solver {
    func reportHit(_ vertex: Vertex, layer: DiffID?, reason: String) {
        guard let step = vertex.step, reported.insert(vertex.id).inserted else { return }
        fates[vertex.id] = Fate(isCached: true, reasons: [reason])
        report(.stepStarted(step))
        report(
            .stepFinished(
                step,
                StepOutcome(
                    isCached: true, reason: reason, layer: layer, size: layer.flatMap(executor.size), duration: .zero)))
    }

    /// Reports the steps behind a hit, which nothing has to look at, in their order. `chain` is what the first input
    /// is the bottom of. Steps without a record may yet run for another target, so they come when all have ended.
    func passOver(_ inputs: [VertexID], below chain: LayerChain?, onlyRecorded: Bool) async {
        for (position, id) in inputs.enumerated() where !reported.contains(id) {
            if case .merge = graph[id].operation {
                let below = position == 0 ? chain.map { LayerChain(Array($0.layers.dropLast())) } : nil
                await passOver(graph[id].inputs, below: below, onlyRecorded: onlyRecorded)
                continue
            }
            if graph[id].step == nil { continue }
            let record = await record(of: id)
            if onlyRecorded, record == nil { continue }
            let below =
                position == 0 ? chain.map { LayerChain(Array($0.layers.dropLast())) } ?? record?.chain : record?.chain
            await passOver(graph[id].inputs, below: below, onlyRecorded: onlyRecorded)
            reportHit(graph[id], layer: below?.layers.last, reason: "a later step is cached")
        }
    }

    /// What is said in a line.
    static func summary(of reasons: [String]) -> String {
        let rest = reasons.count - 3
        return reasons.prefix(3).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }

    func record(of id: VertexID) async -> CacheRecord? {
        guard !isUncached(graph[id]), let definition = try? await definition(of: id) else { return nil }
        return await records.record(for: definition.key)
    }
}
