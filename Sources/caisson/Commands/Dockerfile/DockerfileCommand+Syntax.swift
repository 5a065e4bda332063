import ArgumentParser
import Dockerfile
import Linux

// How the language reads a text.
extension DockerfileCommand {
    struct AST: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ast", abstract: "Prints the syntax tree of a Dockerfile, one object an instruction.")

        @Argument(help: "The Dockerfile, - for standard input.") var file = "Dockerfile"
        @Flag(name: .customLong("json"), help: "On one line instead of indented.") var json = false

        func run() throws {
            let parsed = DockerfileParser.parse(try DockerfileCommand.read(file), name: file)
            let errors = parsed.diagnostics.filter { $0.severity == .error }
            guard errors.isEmpty else {
                throw CommandFailure(text: errors.map { $0.render(in: parsed.source) }.joined(separator: "\n"))
            }
            StandardOutput.write(parsed.json.serialized(indented: !json) + "\n")
        }
    }

    struct Expand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "expand", abstract: "Expands a word as instructions do.",
            discussion: "Example: caisson dockerfile expand '${NAME:-none}' --env NAME=a")

        @Argument(help: "What an instruction would hold, quotes and variables as they are.") var word: String
        @Option(name: .customLong("env"), help: "NAME=value.") var environment: [String] = []
        @Flag(name: .customLong("words"), help: "Split into words, one a line.") var words = false

        func run() throws {
            let variables = EnvironmentList(environment)
            let expander = WordExpander()
            do {
                let result =
                    words
                    ? try expander.expandToWords(word, lookup: { variables[$0] })
                    : [try expander.expand(word, lookup: { variables[$0] })]
                for line in result { StandardOutput.write(line + "\n") }
            } catch {
                throw CommandFailure.usage("cannot expand `\(word)`: \(error.message)")
            }
        }
    }

    struct IgnoreMatch: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ignore-match", abstract: "Says of each path whether an ignore file leaves it in.")

        @Argument(help: "The ignore file.") var patterns: String
        @Argument(help: "Paths relative to the context.") var paths: [String]

        func run() throws {
            let ignore = IgnoreFile(try DockerfileCommand.read(patterns), name: patterns)
            for path in paths { StandardOutput.write((ignore.excludes(path) ? "out" : "in") + "\n") }
        }
    }
}
