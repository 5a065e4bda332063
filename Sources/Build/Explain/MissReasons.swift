import OCI

/// Why steps had to run: what each was asked to do now against what the same step was asked to do in the build before.
///
/// However many steps run, each is compared once: what it is said to have caused is kept.
package final class MissReasons {
    private let previous: JournalIndex?
    /// Names that the Dockerfile declares with ARG.
    private let arguments: Set<String>
    /// What is said of a step, by its place, where a later one ran because of it; nil inside for one that is the same.
    private var causes: [Int: String?] = [:]

    package init(_ history: BuildHistory) {
        previous = history.previous.map { JournalIndex($0) }
        arguments = history.arguments
    }

    /// In words, the first the most telling. `entries` has the steps of the build that runs, as far as they are needed:
    /// those behind `entry` were looked at before it. `paths` are those of the files that the step of a number takes.
    package func changes(
        of entry: BuildJournal.Entry, among entries: (Int) -> BuildJournal.Entry?,
        paths: (Int) -> [String] = { _ in [] }
    ) -> [String] {
        guard let old = previous?.counterpart(of: entry) else { return ["no record: not built here before"] }
        if old.key == entry.key {
            return [old.hasFailed ? "it failed the last time" : "no record: its result is no longer in the store"]
        }
        var changes: [String] = []
        if old.title != entry.title { changes.append("the instruction was `\(old.title)`") }
        let own = difference(from: old, to: entry, paths)
        changes += own.changes
        findCauses(behind: entry, among: entries, paths)
        changes += inputChanges(from: old, to: entry, isChanged: !own.changes.isEmpty)
        if let change = own.epochChange { changes.append(change) }
        return changes.isEmpty ? ["an earlier step gave another result"] : changes
    }

    private func difference(
        from old: BuildJournal.Entry, to new: BuildJournal.Entry, _ paths: (Int) -> [String]
    ) -> IngredientDifference {
        IngredientDifference(from: old.ingredients, to: new.ingredients, arguments: arguments) { paths(new.number) }
    }

    /// `isChanged` says that the step itself changed, which may well give it other inputs.
    private func inputChanges(
        from old: BuildJournal.Entry, to new: BuildJournal.Entry, isChanged: Bool
    ) -> [String] {
        var changes: [String] = []
        for position in 0..<max(old.inputs.count, new.inputs.count) {
            guard position < old.inputs.count, position < new.inputs.count else {
                if !isChanged { changes.append("its inputs are others") }
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
                if let change = causes[place] ?? nil, !changes.contains(change) { changes.append(change) }
            case (.step, .image(let now, _, _)): changes.append("it stands on the image \(now), no more on a stage")
            case (.other(let before, let was), .other(let after, let now)):
                if before == after { continue }
                let own = IngredientDifference(from: was, to: now, arguments: arguments).changes
                changes += own.isEmpty ? ["its inputs are others"] : own.map { "of what is mounted, \($0)" }
            case (let before, let after):
                if before != after, !isChanged { changes.append("its inputs are others") }
            }
        }
        return changes
    }

    // MARK: Causes

    /// Makes `causes` whole for the inputs of `entry`. Stacks of steps may be deep: the pending ones are in a list.
    private func findCauses(
        behind entry: BuildJournal.Entry, among entries: (Int) -> BuildJournal.Entry?, _ paths: (Int) -> [String]
    ) {
        var pending = entry.inputPlaces
        while let place = pending.last {
            guard causes[place] == nil else {
                pending.removeLast()
                continue
            }
            let step = entries(place)
            let missing = step.map { previous?.counterpart(of: $0)?.key == $0.key ? [] : $0.inputPlaces } ?? []
            let unknown = missing.filter { causes[$0] == nil }
            guard unknown.isEmpty else {
                pending += unknown
                continue
            }
            causes.updateValue(step.flatMap { cause($0, paths) }, forKey: place)
            pending.removeLast()
        }
    }

    /// The step that began it: the first, from here down, that is not the same in itself.
    private func cause(_ entry: BuildJournal.Entry, _ paths: (Int) -> [String]) -> String? {
        let name = "\(entry.stageTitle)\(entry.index)/\(entry.count) \(entry.title)"
        guard let old = previous?.counterpart(of: entry) else { return "an earlier step is new: \(name)" }
        if old.key == entry.key { return nil }
        let difference = difference(from: old, to: entry, paths)
        let own = difference.changes
        if old.title == entry.title, own.isEmpty {
            return inputChanges(from: old, to: entry, isChanged: false).first ?? difference.epochChange
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

    fileprivate var inputPlaces: [Int] {
        inputs.compactMap { input in
            if case .step(let place) = input { place } else { nil }
        }
    }
}
