import ArgumentParser
import Build
import Dockerfile

/// How a build uses what earlier ones left, and what it leaves itself.
struct CacheOptions: ParsableArguments {
    @Flag(name: .customLong("no-cache"), help: "Run every step.") var noCache = false
    @Option(
        name: .customLong("no-cache-filter"),
        help: ArgumentHelp("Run every step of these stages, separated by commas.", valueName: "stage,…"))
    var noCacheFilter: [String] = []
    @Option(
        name: .customLong("cache-scope"),
        help: "Record results, and keep caches of RUN, under this name only: builds without it never see them.")
    var cacheScope: String?

    @Option(
        name: .customLong("cache-from"),
        help: ArgumentHelp(
            "Use what another store has left: type=registry,ref=REF or type=local,src=DIRECTORY[,tag=TAG].",
            valueName: "type=…"))
    var cacheFrom: [String] = []
    @Option(
        name: .customLong("cache-to"),
        help: ArgumentHelp(
            """
            Leave what was built for other stores: type=registry,ref=REF or type=local,dest=DIRECTORY[,tag=TAG], with \
            mode=min|max (the image's steps or all), compression=gzip|zstd|uncompressed, compression-level=N, \
            force-compression=true and ignore-error=true.
            """, valueName: "type=…"))
    var cacheTo: [String] = []

    /// Stages go by their names, their numbers, and as progress shows those without a name.
    private static func names(of stages: [String?]) -> [String: String] {
        var names: [String: String] = [:]
        for (number, stage) in stages.enumerated() {
            let name = stage?.lowercased() ?? String(number)
            for alias in ["stage-\(number)", String(number)] where names[alias] == nil { names[alias] = name }
            names[name] = name
        }
        return names
    }

    private var filteredNames: [String] { noCacheFilter.flatMap { $0.split(separator: ",").map(String.init) } }

    /// Leaves the filters that mean one of these stages: those that Dockerfiles share need not mean one of each.
    mutating func filter(to stages: [String?]) {
        let names = Self.names(of: stages)
        noCacheFilter = filteredNames.filter { names[$0.lowercased()] != nil }
    }

    private func uncachedStages(among stages: [String?]) throws -> Set<String> {
        let names = Self.names(of: stages)
        let shown = stages.enumerated().map { $1?.lowercased() ?? "stage-\($0)" }
        return try Set(
            filteredNames.map { text in
                let word = text.lowercased()
                guard let name = names[word] else {
                    throw CommandFailure.usage(
                        "--no-cache-filter: no stage `\(text)`",
                        hint: Suggestion.hint(for: word, among: shown)
                            ?? "the stages are: " + shown.joined(separator: ", "))
                }
                return name
            })
    }

    func settings(_ contexts: ContextOptions, stages: [String?]) throws -> CacheSettings {
        var settings = CacheSettings()
        settings.uncachedStages = try uncachedStages(among: stages)
        settings.place = BuildPlace.name(context: contexts.context, file: contexts.file)
        settings.scope = cacheScope
        settings.imports = try cacheFrom.map { text in
            var argument = try CachePlaceArgument(text, of: "--cache-from")
            let place = try argument.place(directory: "src")
            try argument.end()
            return place
        }
        settings.exports = try cacheTo.map { text in
            var argument = try CachePlaceArgument(text, of: "--cache-to")
            return try argument.export()
        }
        return settings
    }
}

/// What tells builds apart that are compared with each other: the context and the Dockerfile.
enum BuildPlace {
    /// nil for what comes on standard input: nobody knows whether it is the same.
    static func name(context: String, file: String?) -> String? {
        guard context != "-", file != "-" else { return nil }
        let context = context.contains(":") ? context : WorkingPath.absolute(context)
        return file.map { "\(context) \($0.contains(":") ? $0 : WorkingPath.absolute($0))" } ?? context
    }
}
