/// The steps of an older build, by what a later one is found in them.
struct JournalIndex {
    private struct Words: Hashable {
        let stage: String
        let title: String
    }

    private struct Place: Hashable {
        let stage: String
        let index: Int
    }

    private let entries: [BuildJournal.Entry]
    /// Numbers in `entries`, in their order.
    private let byWords: [Words: [Int]]
    private let byPlace: [Place: [Int]]
    private let byTitle: [String: Int]

    init(_ journal: BuildJournal) {
        entries = journal.entries
        let numbered = Array(entries.enumerated())
        byWords = Dictionary(grouping: numbered) { Words(stage: $0.element.stage, title: $0.element.title) }
            .mapValues { $0.map(\.offset) }
        byPlace = Dictionary(grouping: numbered) { Place(stage: $0.element.stage, index: $0.element.index) }
            .mapValues { $0.map(\.offset) }
        byTitle = Dictionary(numbered.map { ($0.element.title, $0.offset) }) { first, _ in first }
    }

    /// The entry that stands for the same instruction as `entry` of a later build: of the same words, else in the same
    /// place.
    func counterpart(of entry: BuildJournal.Entry) -> BuildJournal.Entry? {
        let same = byWords[Words(stage: entry.stage, title: entry.title)] ?? []
        if let found = same.first(where: { entries[$0].index == entry.index }) ?? same.first { return entries[found] }
        let inPlace = byPlace[Place(stage: entry.stage, index: entry.index)] ?? []
        let found = inPlace.first { entries[$0].keyword == entry.keyword } ?? byTitle[entry.title]
        return found.map { entries[$0] }
    }
}
