/// A value of a compose file, with what `<<` merges. Scalars are kept as text: what reads them knows what it wants.
indirect enum ComposeNode: Sendable {
    /// `isPlain` is false for what stood in quotes or in a block, which is never null.
    case scalar(String, isPlain: Bool, Place)
    case list([ComposeNode], Place)
    case map([Entry], Place)

    struct Entry: Sendable {
        let name: String
        let place: Place
        var value: ComposeNode
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

    subscript(name: String) -> ComposeNode? { entries?.last { $0.name == name }?.value }

    /// What a later file says over what an earlier one does: maps are merged, lists joined, anything else replaced.
    func merging(_ other: ComposeNode) -> ComposeNode {
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
