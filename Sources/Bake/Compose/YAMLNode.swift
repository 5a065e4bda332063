/// A value of a YAML file. Scalars are kept as text: what reads them knows what it wants.
indirect enum YAMLNode: Sendable {
    /// `isPlain` is false for what stood in quotes or in a block, which is never null.
    case scalar(String, isPlain: Bool, Place)
    case list([YAMLNode], Place)
    case map([Entry], Place)

    struct Entry: Sendable {
        let name: String
        let place: Place
        var value: YAMLNode
    }

    var place: Place {
        switch self {
        case .scalar(_, _, let place), .list(_, let place), .map(_, let place): place
        }
    }

    var isNull: Bool {
        guard case .scalar(let text, true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    var entries: [Entry]? {
        if case .map(let entries, _) = self { return entries }
        return nil
    }

    subscript(name: String) -> YAMLNode? { entries?.last { $0.name == name }?.value }

    /// Values and keys below, and itself.
    var weight: Int {
        switch self {
        case .scalar: 1
        case .list(let nodes, _): nodes.reduce(1) { $0 + $1.weight }
        case .map(let entries, _): entries.reduce(1) { $0 + 1 + $1.value.weight }
        }
    }

    /// What a later file says over what an earlier one does: maps are merged, lists joined, anything else replaced.
    func merging(_ other: YAMLNode) -> YAMLNode {
        switch (self, other) {
        case (.map(var entries, let place), .map(let more, _)):
            for entry in more {
                if let index = entries.firstIndex(where: { $0.name == entry.name }) {
                    entries[index].value = entries[index].value.merging(entry.value)
                } else {
                    entries.append(entry)
                }
            }
            return .map(entries, place)
        case (.list(let nodes, let place), .list(let more, _)): return .list(nodes + more, place)
        default: return other.isNull ? self : other
        }
    }
}
