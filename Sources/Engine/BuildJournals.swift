package import Build
import Dockerfile
import OCI
package import Storage

/// Journals of the latest build of each place, targets and platforms.
package struct BuildJournals: Sendable {
    private let records: RecordStore

    package init(in store: Store) { records = store.journals }

    /// The latest build of all that have a place.
    package func latest() throws -> (place: String, journal: BuildJournal)? {
        guard let place = try text(of: key(["latest"])), let journal = try latest(of: place) else { return nil }
        return (place, journal)
    }

    /// The latest build of `place`, of whatever targets; nil if there was none, or not since the store was cleared.
    package func latest(of place: String) throws -> BuildJournal? {
        guard let text = try text(of: key(["latest", place])), let key = try? Digest(parsing: text) else { return nil }
        return try journal(key)
    }

    /// The build that `request` is compared with: the latest of the same targets and platforms, else of the same place.
    func history(of request: BuildRequest) -> BuildHistory {
        let names = (request.dockerfile.globalArguments + request.dockerfile.stages.flatMap(\.instructions))
            .flatMap { instruction -> [String] in
                if case .arg(let arg) = instruction.instruction { arg.arguments.map(\.name.text) } else { [] }
            }
        // Without the older build reasons say less, no more.
        let previous = request.cache.place.flatMap { place in
            (try? journal(key(of: request, place))) ?? (try? latest(of: place))
        }
        return BuildHistory(previous: previous, arguments: Set(names))
    }

    func save(_ journal: BuildJournal, of request: BuildRequest) throws {
        guard let place = request.cache.place else { return }
        let key = key(of: request, place)
        try records.put(journal.json.canonicalBytes, for: key)
        try put(key.description, for: self.key(["latest", place]))
        try put(place, for: self.key(["latest"]))
    }

    private func text(of key: Digest) throws -> String? {
        try records.get(key).flatMap { try? JSON(parsing: $0) }?.stringValue
    }

    /// A build that follows one of the same place leaves what stands.
    private func put(_ text: String, for key: Digest) throws {
        if try self.text(of: key) == text { return try records.noteUse(of: key) }
        try records.put(JSON.string(text).canonicalBytes, for: key)
    }

    private func journal(_ key: Digest) throws -> BuildJournal? {
        try records.get(key).flatMap { try? BuildJournal(parsing: $0) }
    }

    private func key(of request: BuildRequest, _ place: String) -> Digest {
        key(["build", place] + request.targets + request.platforms.map(\.description))
    }

    private func key(_ words: [String]) -> Digest { .of(JSON.array(words.map(JSON.string)).canonicalBytes) }
}
