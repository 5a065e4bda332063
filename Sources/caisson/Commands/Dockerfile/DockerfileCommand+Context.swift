import ArgumentParser
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

extension DockerfileCommand {
    struct Context: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "context", abstract: "Lists the files of a directory that a build may see.",
            discussion: """
                With --verbose every file has a line: `in` and its path, or `out`, its path, and the rule of the ignore
                file that dropped it. A directory that is dropped with all it holds has one line.
                Example: caisson dockerfile context . --verbose
                """)

        @Argument(help: "The directory.") var directory = "."
        @Option(name: [.short, .customLong("file")], help: "The Dockerfile, whose own ignore file counts.")
        var file: String?
        @Flag(name: .customLong("verbose"), help: "Also what is dropped, and why.") var verbose = false
        @Flag(name: .customLong("json"), help: "Print one JSON array.") var json = false

        func run() throws {
            let root = FilePath(directory).absolute()
            let ignore = try LocalSource.ignore(LocalSource.dockerfile(file, in: root), in: root)
            guard !ignore.diagnostics.hasErrors else {
                throw CommandFailure(
                    text: ignore.diagnostics.map { $0.render(in: ignore.source) }.joined(separator: "\n"), .usage)
            }
            let entries: [ContextListing.Entry]
            do { entries = try ContextListing(root, ignore).entries() } catch {
                throw CommandFailure.usage("\(error)", hint: "the build context must be a directory")
            }
            let shown = verbose ? entries : entries.filter { $0.reason == nil }
            if json {
                StandardOutput.write(JSON.array(shown.map(\.json)).lineText + "\n")
            } else {
                StandardOutput.write(shown.map { $0.line(verbose: verbose) + "\n" }.joined())
            }
        }
    }
}

/// The files below a directory as a context has them, and what an ignore file takes away.
private struct ContextListing {
    struct Entry {
        let path: String
        /// Why it is dropped; nil if it is in.
        let reason: Reason?
    }

    enum Reason {
        case rule(IgnoreRule, file: String)
        /// A clone's own files, sockets: no part of any context.
        case never(String)
    }

    private let root: FilePath
    private let ignore: IgnoreFile

    init(_ root: FilePath, _ ignore: IgnoreFile) {
        self.root = root
        self.ignore = ignore
    }

    /// In the order of their names; directories only where nothing in them is looked at, with a slash at the end.
    func entries() throws -> [Entry] {
        var entries: [Entry] = []
        try list([], try OwnedDescriptor.open(root, flags: OpenFlags.directory), into: &entries)
        return entries
    }

    private func list(
        _ directory: [UInt8], _ descriptor: borrowing OwnedDescriptor, into entries: inout [Entry]
    ) throws {
        let names = try DirectoryListing.names(in: descriptor.rawValue).sorted { $0.lexicographicallyPrecedes($1) }
        for name in names {
            let path = directory.isEmpty ? name : directory + [UInt8(ascii: "/")] + name
            let text = String(decoding: path, as: UTF8.self)
            let kind = try FileStatus.of(name, in: descriptor.rawValue).kind
            if directory.isEmpty, name.elementsEqual(".git".utf8) {
                entries.append(
                    Entry(path: kind == .directory ? text + "/" : text, reason: .never("a clone's own files")))
                continue
            }
            let decision = ignore.decision(for: path[...])
            let reason = decision.isExcluded ? decision.rule.map { Reason.rule($0, file: ignore.source.name) } : nil
            switch kind {
            case .directory where ignore.canSkip(directory: path[...]):
                entries.append(Entry(path: text + "/", reason: reason))
            case .directory:
                let below = try OwnedDescriptor.open(name, in: descriptor.rawValue, flags: OpenFlags.directory)
                try list(path, below, into: &entries)
            case .socket: entries.append(Entry(path: text, reason: .never("a socket")))
            default: entries.append(Entry(path: text, reason: reason))
            }
        }
    }
}

extension ContextListing.Entry {
    func line(verbose: Bool) -> String {
        guard verbose else { return path }
        guard let reason else { return "in   \(path)" }
        return "out  \(path)   \(reason.text)"
    }

    var json: JSON {
        guard let reason else { return ["path": .string(path), "in": .bool(true)] }
        return ["path": .string(path), "in": .bool(false), "reason": .string(reason.text)]
    }
}

extension ContextListing.Reason {
    var text: String {
        switch self {
        case .rule(let rule, let file): "\(file) line \(rule.line) `\(rule.text)`"
        case .never(let why): why
        }
    }
}
