import ArgumentParser
import Linux
import SystemPackage

struct DockerfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dockerfile", abstract: "Looks at Dockerfiles without building them.",
        subcommands: [
            Check.self, Outline.self, Targets.self, Context.self, AST.self, Expand.self, IgnoreMatch.self,
        ])

    /// A file to read; `-` is standard input.
    static func read(_ path: String) throws -> [UInt8] {
        do {
            return try FileContents.read(path == "-" ? "/dev/stdin" : FilePath(path), limit: 64 << 20)
        } catch {
            throw CommandFailure.usage("\(path): \(error)")
        }
    }
}
