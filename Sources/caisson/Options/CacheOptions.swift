import ArgumentParser
import Build

/// How a build uses what earlier ones left, and what it leaves itself.
struct CacheOptions: ParsableArguments {
    @Flag(name: .customLong("no-cache"), help: "Run every step.") var noCache = false
    @Option(
        name: .customLong("no-cache-filter"),
        help: ArgumentHelp("Run every step of these stages, separated by commas.", valueName: "stage,…"))
    var noCacheFilter: [String] = []
    @Option(
        name: .customLong("cache-scope"),
        help: "Record results under this name only: builds without it never see them.")
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
            mode=min|max (the image's steps or all) and ignore-error=true.
            """, valueName: "type=…"))
    var cacheTo: [String] = []

    func settings(_ contexts: ContextOptions, stages: [String?]) throws -> CacheSettings {
        var settings = CacheSettings()
        let names = noCacheFilter.flatMap { $0.split(separator: ",") }.map { $0.lowercased() }
        let known = Set(stages.enumerated().map { $1?.lowercased() ?? String($0) })
        for name in names where !known.contains(name) {
            throw CommandFailure.usage(
                "--no-cache-filter: no stage `\(name)`",
                hint: "the stages are: " + known.sorted().joined(separator: ", ")
            )
        }
        settings.uncachedStages = Set(names)
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
