import Build
import Dockerfile
import Engine
import Foundation
import OCI
import SystemPackage
import TestServers
import Testing

/// A folder of `Corpus`: see its README.
struct CorpusCase {
    struct Expected: Decodable {
        var tree: [String: String]?
        var history: [String]?
        var warnings: [String]?
        var error: [String]?
        var build: Options?
    }

    struct Options: Decodable {
        var target: String?
        var strict: Bool?
        var arguments: [String: String]?
    }

    /// What a build came to, in the words of `expected.json`.
    struct Outcome {
        var tree: [String: String] = [:]
        var history: [String] = []
        var warnings: [String] = []
        var error: String?
        var config: ImageConfig?

        var text: String {
            if let error { return error }
            let lines = tree.sorted { $0.key < $1.key }.map { (name: $0.key, value: JSON.string($0.value)) }
            var object: JSONObject = [:]
            var members: JSONObject = [:]
            for line in lines { members[line.name] = line.value }
            object["tree"] = .object(members)
            object["history"] = .array(history.map(JSON.string))
            object["warnings"] = .array(warnings.map(JSON.string))
            return JSON.object(object).indentedText
        }
    }

    let folder: FilePath

    func contents(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: folder.appending(name).string))
    }

    func text(_ name: String) throws -> String { String(decoding: try contents(name), as: UTF8.self) }

    private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [] }

    func outcome(in shop: Workshop, _ options: Options?) async throws -> Outcome {
        try prepareContext(of: shop)
        for name in files.sorted() where name.hasSuffix(".Dockerfile") {
            let image = try await shop.build(try text(name))
            let reference = String(name.dropLast(".Dockerfile".count))
            try await shop.engine.tag(BuiltTarget([image]), as: ImageReference(parsing: reference))
        }
        let ignore = (try? String(contentsOfFile: shop.path.appending("context/.dockerignore").string, encoding: .utf8))
        let base = try await shop.build("FROM base")
        let baseTree = try await shop.tree(of: base)
        let log = EventLog()
        var outcome = Outcome()
        do {
            let image = try await shop.build(try text("Dockerfile"), ignore: ignore ?? "", log: log) { request in
                request.isStrict = options?.strict ?? false
                request.buildArguments = options?.arguments ?? [:]
                if let target = options?.target { request.targets = [target] }
            }
            let config = try shop.config(of: image)
            outcome.config = config
            outcome.tree = try await shop.tree(of: image).filter { baseTree[$0.key] != $0.value }
            outcome.history = config.history.dropFirst(try shop.config(of: base).history.count)
                .map { $0.isEmptyLayer ? "(\($0.createdBy ?? ""))" : $0.createdBy ?? "" }
        } catch let error as BuildError {
            outcome.error = "\(error)"
        }
        outcome.warnings = log.warnings
        return outcome
    }

    private func prepareContext(of shop: Workshop) throws {
        if files.contains("context") {
            try FileManager.default.removeItem(atPath: shop.path.appending("context").string)
            try FileManager.default.copyItem(
                atPath: folder.appending("context").string, toPath: shop.path.appending("context").string)
        }
        guard files.contains("context.json") else { return }
        for member in try JSON(parsing: Array(contents("context.json"))).objectValue?.members ?? [] {
            if let entries = member.value.arrayValue {
                try shop.write(member.name, bytes: Self.archive(entries))
            } else {
                try shop.make(member.name, member.value.stringValue ?? "")
            }
        }
    }

    private static func archive(_ entries: [JSON]) -> [UInt8] {
        TarArchive.of { archive in
            for entry in entries {
                let name = entry.arrayValue?.first?.stringValue ?? ""
                let text = entry.arrayValue?.last?.stringValue ?? ""
                let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
                switch words[0] {
                case "directory":
                    let mode = text.split(separator: " ").dropFirst().first.flatMap { Int($0, radix: 8) }
                    archive.add(name, type: "5", mode: mode ?? 0o755)
                case "link": archive.add(name, type: "2", link: String(words[2]), mode: 0o777)
                case "hard": archive.add(name, type: "1", link: String(text.dropFirst("hard link to ".count)))
                default:
                    archive.add(
                        name, content: words.count > 2 ? String(words[2]) : "", mode: Int(words[1], radix: 8) ?? 0o644)
                }
            }
        }
    }
}

extension Workshop {
    func write(_ name: String, bytes: [UInt8], in context: String = "context") throws {
        try write(name, "", in: context)
        try Data(bytes).write(to: URL(fileURLWithPath: path.appending(context).appending(name).string))
    }

    /// Makes a file of a context as `context.json` describes it.
    func make(_ name: String, _ description: String) throws {
        let words = description.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        let file = path.appending("context").appending(name).string
        let parent = name.split(separator: "/").dropLast().joined(separator: "/")
        try makeDirectory("context/" + parent)
        switch words[0] {
        case "directory": try makeDirectory("context/" + name)
        case "fifo": #expect(mkfifo(file, 0o644) == 0)
        case "socket": #expect(mknod(file, S_IFSOCK | 0o644, 0) == 0)
        case "link": try link(name, to: String(words[2]))
        default: try write(name, words.count > 2 ? String(words[2]) : "", mode: Int(words[1], radix: 8) ?? 0o644)
        }
    }
}
