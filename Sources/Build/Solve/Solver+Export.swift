extension Solver {
    /// The results that lead to `targets`, each under the keys that find it again: of every step, or only of those whose
    /// layers the targets' images have.
    package func results(of targets: [VertexID], ofEveryStep: Bool) async -> [CacheDocument.Record] {
        var wanted: Set<VertexID> = []
        var pending = targets
        while let next = pending.popLast() {
            guard wanted.insert(next).inserted else { continue }
            pending += ofEveryStep || graph[next].isMerge ? graph[next].inputs : Array(graph[next].inputs.prefix(1))
        }
        var results: [CacheDocument.Record] = []
        for id in wanted.sorted(by: { $0.index < $1.index }) {
            guard let definition = definitions[id], let record = await records.record(for: definition.key),
                !record.chain.layers.isEmpty
            else { continue }
            let keys = [definition.key, record.contentKey]
            results.append(CacheDocument.Record(keys: keys[0] == keys[1] ? [keys[0]] : keys, record: record))
        }
        return results
    }
}

extension Vertex {
    fileprivate var isMerge: Bool { if case .merge = operation { true } else { false } }
}
