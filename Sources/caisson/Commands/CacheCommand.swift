import ArgumentParser
import Build
import Linux
import OCI
import Storage

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "What the store keeps between builds.",
        subcommands: [List.self, Usage.self, CachePruneCommand.self, CacheMountsCommand.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists what goes or stays as a whole, least recently used last.",
            discussion: """
                SIZE goes with the item, SHARED stays for others that need it too. Sizes are those on disk.
                Examples:
                  caisson cache ls --kind step
                  caisson cache ls --json
                """)
        @Option(name: .customLong("kind"), help: "Only these, separated by commas.") var kind: KindList?
        @OptionGroup var store: StoreOptions

        func run() throws {
            let kinds = kind?.kinds ?? Set(StoreItem.Kind.allCases)
            let items = try store.openStore().items().reversed().filter { kinds.contains($0.kind) }
            if store.json {
                StandardOutput.write(JSON.array(items.map(\.json)).lineText + "\n")
                return
            }
            let now = WallClock.seconds()
            StandardOutput.write(
                TextTable.text(
                    of: items,
                    [
                        "KIND": \.kind.rawValue, "SIZE": { ByteCount.text($0.size) },
                        "SHARED": { $0.shared == 0 ? "" : ByteCount.text($0.shared) },
                        "LAST USED": { RelativeTime.text($0.lastUsed, now: now) }, "ID": \.shortID,
                        "WHAT": \.shownTitle,
                    ]))
        }
    }

    struct Usage: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "du", abstract: "Shows what the store takes on disk, and what could be had back.")
        @OptionGroup var store: StoreOptions

        func run() throws {
            let usage = try store.openStore().usage()
            if store.json {
                StandardOutput.write(usage.json.lineText + "\n")
                return
            }
            let rows = usage.directories.filter { $0.value > 0 }.sorted { $0.value > $1.value }
                .map { [$0.key, ByteCount.text($0.value)] }
            StandardOutput.write(
                TextTable.text(
                    ["WHAT", "SIZE"],
                    rows + [
                        ["total", ByteCount.text(usage.total)], ["reclaimable", ByteCount.text(usage.reclaimable)],
                    ]))
        }
    }
}

extension StoreItem {
    /// Enough of a digest to tell it apart; names as they are.
    var shortID: String { id.count == 64 ? String(id.prefix(12)) : id }

    /// Titles of steps may have many lines and any length.
    var shownTitle: String {
        let name = kind == .image ? LocalName.reference(in: title) ?? title : title
        let line = name.split(whereSeparator: \.isNewline).joined(separator: " ")
        let hold = kind == .image && hold == .onlyCopy ? " (in no registry)" : ""
        return (line.count > 80 ? line.prefix(79) + "…" : line) + hold
    }
}

/// `step,layer,…`
struct KindList: ExpressibleByArgument {
    let kinds: Set<StoreItem.Kind>

    init?(argument: String) {
        let kinds = argument.split(separator: ",").map { StoreItem.Kind(rawValue: String($0)) }
        guard !kinds.isEmpty, kinds.allSatisfy({ $0 != nil }) else { return nil }
        self.kinds = Set(kinds.compactMap(\.self))
    }

    static var allValueStrings: [String] { StoreItem.Kind.allCases.map(\.rawValue) }
}

/// How long ago something was, in the largest unit that fits.
enum RelativeTime {
    static func text(_ time: Int64, now: Int64) -> String {
        let age = max(0, now - time)
        for (unit, name) in [(Int64(86400), "day"), (3600, "hour"), (60, "minute")] where age >= unit {
            return "\(age / unit) \(name)\(age / unit == 1 ? "" : "s") ago"
        }
        return "just now"
    }
}
