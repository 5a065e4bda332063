import ArgumentParser
import Linux
import OCI

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Shows what an agent is doing.")
    @OptionGroup var agent: AgentOptions

    func run() async throws {
        let document = try await agent.client().get("/api/v1/status")
        if agent.json {
            StandardOutput.write(document.lineText + "\n")
            return
        }
        let queue = document["queue"]
        StandardOutput.write(
            "agent \(document["agent"]?.text("name") ?? "?"): \(queue?.text("running") ?? "0") running of "
                + "\(queue?.text("slots") ?? "?") slots, \(queue?.text("queued") ?? "0") queued\n")
        let rows = (document["pipelines"]?.arrayValue ?? []).map { pipeline in
            [
                pipeline.text("name"), pipeline["last_run"]?.text("id") ?? "-",
                pipeline["last_run"]?.text("state") ?? "-",
                pipeline.text("repository"),
            ]
        }
        StandardOutput.write(TextTable.text(["PIPELINE", "LAST RUN", "STATE", "REPOSITORY"], rows))
        for repository in document["repositories"]?.arrayValue ?? [] {
            if let message = repository["message"]?.stringValue {
                StandardOutput.write("\(repository.text("url")): \(message)\n")
            }
        }
    }
}

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "runs", abstract: "Lists runs, newest first.")
    @Option(name: .customLong("pipeline"), help: "Of this pipeline alone.") var pipeline: String?
    @Option(name: .customLong("limit"), help: "How many at most.") var limit = 20
    @OptionGroup var agent: AgentOptions

    func run() async throws {
        var query = [("limit", String(limit))]
        if let pipeline { query.append(("pipeline", pipeline)) }
        let document = try await agent.client().get("/api/v1/runs", query)
        if agent.json {
            StandardOutput.write(document.lineText + "\n")
            return
        }
        StandardOutput.write(
            TextTable.text(
                ["RUN", "PIPELINE", "REF", "COMMIT", "STATE", "DURATION", "CACHED", "PUSHED"],
                (document["runs"]?.arrayValue ?? []).map { run in
                    let pushed = run["targets"]?.arrayValue?.first { $0["references"]?.arrayValue?.isEmpty == false }
                    return [
                        run.text("id"), run.text("pipeline"), Self.shortName(run.text("ref")),
                        String(run.text("commit").prefix(12)), run.text("state"),
                        run["duration_ms"]?.integerValue.map(Self.seconds) ?? "-",
                        "\(run.text("cached_step_count"))/\(run.text("step_count"))",
                        String(pushed?.text("digest").prefix(19) ?? "-"),
                    ]
                }))
    }

    /// `main` for `refs/heads/main`.
    private static func shortName(_ ref: String) -> String {
        for folder in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(folder) {
            return String(ref.dropFirst(folder.count))
        }
        return ref
    }

    static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows one run with its steps.")
    @Argument(help: ArgumentHelp("The number of the run.", valueName: "run")) var id: Int
    @OptionGroup var agent: AgentOptions

    func run() async throws {
        let document = try await agent.client().get("/api/v1/runs/\(id)")
        if agent.json {
            StandardOutput.write(document.lineText + "\n")
            return
        }
        for name in ["id", "pipeline", "trigger", "repository", "ref", "commit", "state", "attempt", "message"] {
            if document[name] != nil { StandardOutput.write("\(name): \(document.text(name))\n") }
        }
        for target in document["targets"]?.arrayValue ?? [] {
            let outcome = ["kind", "name", "status", "message", "digest"].map(target.text).filter { !$0.isEmpty }
            StandardOutput.write(outcome.joined(separator: " ") + "\n")
            for reference in target["references"]?.arrayValue ?? [] {
                StandardOutput.write("  pushed \(reference.stringValue ?? "")\n")
            }
        }
        // In the order of their starts, numbered as in the log.
        let rows = (document["steps"]?.arrayValue ?? []).enumerated().map { index, step in
            [
                String(index + 1), step["cached"]?.boolValue == true ? "cached" : step.text("status"),
                step["duration_ms"]?.integerValue.map(RunsCommand.seconds) ?? "", step.text("name"),
            ]
        }
        StandardOutput.write(TextTable.text(["STEP", "STATUS", "DURATION", "INSTRUCTION"], rows))
    }
}

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Prints the log of a run.")
    @Argument(help: ArgumentHelp("The number of the run.", valueName: "run")) var id: Int
    @Flag(name: [.short, .customLong("follow")], help: "Go on until the run ends.") var follow = false
    @Option(name: .customLong("step"), help: "Only of this step: its number or a part of its name.") var step: String?
    @OptionGroup var agent: AgentOptions

    func run() async throws {
        var query: [(String, String)] = follow ? [("follow", "1")] : []
        if let step { query.append(("step", step)) }
        try await agent.client().stream("/api/v1/runs/\(id)/log", query) { StandardOutput.write($0) }
    }
}

struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "Starts a run of a pipeline for a branch or tag.")
    @Argument(help: "The pipeline's name.") var pipeline: String
    @Option(name: .customLong("ref"), help: "A branch, a tag, or a full ref name.") var ref: String?
    @OptionGroup var agent: AgentOptions

    func run() async throws {
        let body: JSON = ["pipeline": .string(pipeline), "ref": ref.map(JSON.string)]
        let document = try await agent.client().post("/api/v1/trigger", body)
        StandardOutput.write(
            agent.json ? document.lineText + "\n" : "run \(document.text("id")) \(document.text("state"))\n")
    }
}

extension JSON {
    /// A member as people read it; empty if it is not there.
    func text(_ name: String) -> String {
        switch self[name] {
        case .string(let text)?: text
        case .integer(let number)?: String(number)
        case .bool(let value)?: value ? "yes" : "no"
        default: ""
        }
    }
}
