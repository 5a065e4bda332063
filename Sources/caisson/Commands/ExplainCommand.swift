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
            Examples:
              caisson explain
              caisson explain 3
              caisson explain 'RUN make' --context service
            """)

    @Argument(help: "A step: its number, `line N`, its stage, or part of its text. Default: all.") var step: String?
    @Option(name: .customLong("context"), help: "The context that was built.") var context = "."
    @Option(name: [.short, .customLong("file")], help: "The Dockerfile that was built, as it was given.")
    var file: String?
    @OptionGroup var store: StoreOptions

    func run() throws {
        let journals = BuildJournals(in: try store.openStore())
        guard let place = BuildPlace.name(context: context, file: file), let journal = try journals.latest(of: place)
        else {
            throw CommandFailure.usage(
                "no build of `\(context)` is known", hint: "name what was built with --context and --file")
        }
        let entries = journal.entries.filter(isWanted)
        guard !entries.isEmpty else {
            throw CommandFailure.usage(
                "no step of the last build is `\(step ?? "")`", hint: "`caisson explain` shows all of them")
        }
        if store.json {
            let json: JSON = [
                "context": .string(context), "time": .string(RFC3339.text(journal.created)),
                "steps": .array(entries.map(\.json)),
            ]
            StandardOutput.write(json.lineText + "\n")
        } else {
            StandardOutput.write(entries.map { text(of: $0) }.joined())
        }
    }

    private func isWanted(_ entry: BuildJournal.Entry) -> Bool {
        guard let step else { return true }
        if let number = Int(step) { return entry.number == number }
        if step.hasPrefix("line "), let line = Int(step.dropFirst(5)) { return entry.line == line }
        return entry.stage == step || entry.title.contains(step)
    }

    private func text(of entry: BuildJournal.Entry) -> String {
        let stage = Int(entry.stage) == nil ? entry.stage : "stage-\(entry.stage)"
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
