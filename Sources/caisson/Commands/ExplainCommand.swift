import ArgumentParser
import Build
import Engine
import Linux
import OCI
import Storage

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says why steps of the last build were or were not cached.",
        discussion: """
            A step that ran is compared with the same step of the build before, of the same context and Dockerfile.
            Without --context it is the last build of the current directory, or if there was none, the last of all.
            Examples:
              caisson explain
              caisson explain 3
              caisson explain 'RUN make' --context service
            """)

    @Argument(help: "A step: its number, `line N`, its stage, or part of its text. Default: all.") var step: String?
    @Option(name: .customLong("context"), help: "The context that was built.") var context: String?
    @Option(name: [.short, .customLong("file")], help: "The Dockerfile that was built, as it was given.")
    var file: String?
    @OptionGroup var store: StoreOptions

    func run() throws {
        let journals = BuildJournals(in: try store.openStore())
        let (place, journal) = try build(in: journals)
        let entries = journal.entries.filter(isWanted)
        guard !entries.isEmpty else {
            throw CommandFailure.usage(
                "no step of the last build is `\(step ?? "")`", hint: "`caisson explain` shows all of them")
        }
        if store.json {
            let json: JSON = [
                "context": .string(context ?? place), "time": .string(RFC3339.text(journal.created)),
                "steps": .array(entries.map(\.json)),
            ]
            StandardOutput.write(json.lineText + "\n")
        } else {
            StandardOutput.write(entries.map { text(of: $0) }.joined())
        }
    }

    private func build(in journals: BuildJournals) throws -> (place: String, journal: BuildJournal) {
        if let place = BuildPlace.name(context: context ?? ".", file: file),
            let journal = try journals.latest(of: place)
        {
            return (place, journal)
        }
        guard context == nil, file == nil else {
            throw CommandFailure.usage(
                "no build of `\(context ?? ".")` is known", hint: "name what was built with --context and --file")
        }
        guard let latest = try journals.latest() else {
            throw CommandFailure.usage(
                "no build is known", hint: "builds of what comes on standard input leave nothing to be asked")
        }
        if !store.json { StandardError.write("the last build was of \(latest.place)\n") }
        return latest
    }

    private func isWanted(_ entry: BuildJournal.Entry) -> Bool {
        guard let step else { return true }
        if let number = Int(step) { return entry.number == number }
        if step.hasPrefix("line "), let line = Int(step.dropFirst(5)) { return entry.line == line }
        let word = step.lowercased()
        return [entry.stage.lowercased(), stageName(of: entry).lowercased()].contains(word)
            || entry.title.lowercased().contains(word)
    }

    /// As progress shows it.
    private func stageName(of entry: BuildJournal.Entry) -> String {
        Int(entry.stage) == nil ? entry.stage : "stage-\(entry.stage)"
    }

    private func text(of entry: BuildJournal.Entry) -> String {
        let stage = stageName(of: entry)
        let fate =
            switch entry.isCached {
            case true?: "cached"
            case false?: entry.hasFailed ? "failed" : "ran"
            case nil: "not reached"
            }
        // All of them where one step is asked for.
        let shown = step == nil ? Array(entry.reasons.prefix(5)) : entry.reasons
        var lines = ["#\(entry.number) [\(stage) \(entry.index)/\(entry.count)] \(entry.title)"]
        lines.append("   \(fate)\(shown.first.map { ": \($0)" } ?? "")")
        lines += shown.dropFirst().map { "      and \($0)" }
        if shown.count < entry.reasons.count { lines.append("      and \(entry.reasons.count - shown.count) more") }
        return lines.joined(separator: "\n") + "\n"
    }
}
