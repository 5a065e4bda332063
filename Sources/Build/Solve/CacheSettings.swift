/// How a build uses what earlier ones left, besides whether it does at all.
package struct CacheSettings: Sendable {
    /// Stages (in lower case, or numbers) whose steps run again.
    package var uncachedStages: Set<String> = []
    /// What is built, for whoever asks later why steps ran: the same for builds that should be compared. nil keeps no
    /// journal.
    package var place: String?
    /// Results are recorded under this name only, and found under it and under none. nil is everybody's.
    package var scope: String?

    package init() {}
}

/// What a solver compares with.
package struct BuildHistory: Sendable {
    package var previous: BuildJournal?
    /// Names that the Dockerfile declares with ARG.
    package var arguments: Set<String> = []

    package init(previous: BuildJournal? = nil, arguments: Set<String> = []) {
        self.previous = previous
        self.arguments = arguments
    }
}
