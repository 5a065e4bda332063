package import OCI
package import SystemPackage

/// Where a cache is kept besides the store.
package enum CachePlace: Hashable, Sendable, CustomStringConvertible {
    case registry(ImageReference)
    /// An image layout, in which the cache has a name.
    case local(FilePath, tag: String)

    package var description: String {
        switch self {
        case .registry(let reference): reference.description
        case .local(let path, let tag): "\(path):\(tag)"
        }
    }
}

/// Where a build leaves its cache.
package struct CacheExport: Hashable, Sendable {
    package var place: CachePlace
    /// Of every step; otherwise of those whose layers the images have.
    package var isOfEveryStep: Bool
    /// A failure is only told.
    package var ignoresErrors: Bool
    package var compression = Compression()

    /// How layers are compressed on the way.
    package struct Compression: Hashable, Sendable {
        package var method = LayerCompression.gzip
        /// nil is the method's own.
        package var level: Int?
        /// Also those that came compressed otherwise.
        package var isForced = false

        package init() {}
    }

    package init(_ place: CachePlace, isOfEveryStep: Bool = false, ignoresErrors: Bool = false) {
        self.place = place
        self.isOfEveryStep = isOfEveryStep
        self.ignoresErrors = ignoresErrors
    }
}

/// How a build uses what earlier ones left, besides whether it does at all.
package struct CacheSettings: Sendable {
    /// Stages (in lower case, or numbers) whose steps run again.
    package var uncachedStages: Set<String> = []
    /// What is built, for whoever asks later why steps ran: the same for builds that should be compared. nil keeps no
    /// journal.
    package var place: String?
    /// Results are recorded under this name only, and found under it and under none. nil is everybody's.
    package var scope: String?
    package var imports: [CachePlace] = []
    /// Nothing is to be done with the images here: layers of theirs that an imported cache has may stay in its registry.
    package var leavesLayers = false
    package var exports: [CacheExport] = []

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
