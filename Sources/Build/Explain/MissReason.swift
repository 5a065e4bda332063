import OCI

/// Why a step had to run: what it was asked to do now against what the same step was asked to do in the build before.
struct MissReason {
    let previous: BuildJournal?
    let current: BuildJournal
    /// Names that the Dockerfile declares with ARG.
    let arguments: Set<String>

    /// In words, the first the most telling.
    func changes(of entry: BuildJournal.Entry) -> [String] {
        guard let old = previous?.counterpart(of: entry) else { return ["no record: not built here before"] }
        if old.key == entry.key {
            return [old.hasFailed ? "it failed the last time" : "no record: its result is no longer in the store"]
        }
        var changes: [String] = []
        if old.title != entry.title { changes.append("the instruction was `\(old.title)`") }
        changes += IngredientDifference(from: old.ingredients, to: entry.ingredients, arguments: arguments).changes
        changes += inputChanges(from: old, to: entry)
        return changes.isEmpty ? ["an earlier step gave another result"] : changes
    }

    private func inputChanges(from old: BuildJournal.Entry, to new: BuildJournal.Entry) -> [String] {
        var changes: [String] = []
        for position in 0..<max(old.inputs.count, new.inputs.count) {
            guard position < old.inputs.count, position < new.inputs.count else {
                changes.append("its inputs are others")
                break
            }
            switch (old.inputs[position], new.inputs[position]) {
            case (.image(let was, let before, let content), .image(let now, let after, let new)):
                if content == new { continue }
                changes.append(
                    was == now
                        ? "base \(now) moved from \(Self.short(before)) to \(Self.short(after))"
                        : "base \(was) → \(now)")
            case (_, .step(let place)):
                if let change = earlier(place) { changes.append(change) }
            case (.other(let before, let was), .other(let after, let now)):
                if before == after { continue }
                let own = IngredientDifference(from: was, to: now, arguments: arguments).changes
                changes += own.isEmpty ? ["its inputs are others"] : own.map { "of what is mounted, \($0)" }
            case (let before, let after):
                if before != after { changes.append("its inputs are others") }
            }
        }
        return changes
    }

    /// The step that began it: the first, from here down, that is not the same in itself.
    private func earlier(_ place: Int) -> String? {
        guard current.entries.indices.contains(place) else { return nil }
        let entry = current.entries[place]
        let name = "\(entry.stageTitle)\(entry.index)/\(entry.count) \(entry.title)"
        guard let old = previous?.counterpart(of: entry) else { return "an earlier step is new: \(name)" }
        if old.key == entry.key { return nil }
        let own = IngredientDifference(from: old.ingredients, to: entry.ingredients, arguments: arguments).changes
        if old.title == entry.title, own.isEmpty {
            return inputChanges(from: old, to: entry).first
        }
        return "an earlier step changed: \(name)" + (own.first.map { " (\($0))" } ?? "")
    }

    private static func short(_ digest: String) -> String {
        (try? Digest(parsing: digest)).map { "sha256:\($0.short)" } ?? digest
    }
}

extension BuildJournal.Entry {
    /// Stages without a name have their number, which says nothing to people.
    fileprivate var stageTitle: String { Int(stage) == nil ? "\(stage) " : "" }
}
