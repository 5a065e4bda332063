import ArgumentParser
import Linux
import OCI
import Storage

struct CachePruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Removes what is of no use any more from the store.",
        discussion: """
            Without options goes what no step and no image needs. With an age or a size, or both, goes what was used
            longest ago. What a running build uses stays, and so do images that are in no registry.
            Examples:
              caisson cache prune --keep-for 30d
              caisson cache prune --max-size 50GiB --dry-run
              caisson cache prune --all --kind step,layer,blob
            """)

    @Option(
        name: .customLong("keep-for"),
        help: ArgumentHelp("Remove what was not used for that long, as 30d or 12h.", valueName: "age"))
    var keepFor: Age?
    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp("Remove what was used longest ago until the store takes no more.", valueName: "size"))
    var maxSize: Size?
    @Option(name: .customLong("kind"), help: "Only these, separated by commas.") var kind: KindList?
    @Flag(name: .customLong("all"), help: "Remove everything that is not in use.") var all = false
    @Flag(name: .customLong("dry-run"), help: "Only say what would go, and why.") var dryRun = false
    @OptionGroup var store: StoreOptions

    func run() throws {
        let policy = CollectionPolicy(
            kinds: kind?.kinds ?? Set(StoreItem.Kind.allCases), keepsFor: keepFor?.seconds, maximumSize: maxSize?.bytes,
            takesAll: all)
        let now = WallClock.seconds()
        let report = try store.openStore().collect(policy, now: now, isDryRun: dryRun)
        if store.json {
            StandardOutput.write(json(report).lineText + "\n")
            return
        }
        if !report.removals.isEmpty {
            StandardOutput.write(
                TextTable.text(
                    ["KIND", "SIZE", "LAST USED", "WHY", "WHAT"],
                    report.removals.map { removal in
                        [
                            removal.item.kind.rawValue, ByteCount.text(removal.item.size),
                            RelativeTime.text(removal.item.lastUsed, now: now), removal.reason,
                            removal.item.title.isEmpty ? removal.item.shortID : removal.item.shownTitle,
                        ]
                    }))
        }
        for item in report.held {
            StandardOutput.write(
                "kept \(item.kind.rawValue) \(item.title.isEmpty ? item.shortID : item.shownTitle): "
                    + "\(item.hold?.rawValue ?? "")\n")
        }
        let verb = dryRun ? "would free" : "freed"
        StandardOutput.write(
            "\(verb) \(ByteCount.text(report.freed)) of \(ByteCount.text(report.sizeBefore)), "
                + "\(report.removals.count) item\(report.removals.count == 1 ? "" : "s")\n")
    }

    private func json(_ report: CollectionReport) -> JSON {
        [
            "dryRun": .bool(dryRun), "freed": .integer(report.freed), "sizeBefore": .integer(report.sizeBefore),
            "removed": .array(
                report.removals.map { removal in
                    var json = removal.item.json.objectValue ?? [:]
                    json["reason"] = .string(removal.reason)
                    return .object(json)
                }),
            "held": .array(report.held.map(\.json)),
        ]
    }
}
