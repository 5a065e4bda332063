import Bake
import Dockerfile
import Linux
import SystemPackage

/// A command line to be given once more with a shell where a step fails.
struct RerunCommand {
    /// What this program was called by.
    static let program = CommandLine.arguments.first ?? "caisson"

    /// Behind the program: the command and its arguments.
    private let words: [String]
    private let input: Input?

    /// What standard input was, for a build that reads it.
    private enum Input {
        case file(String)
        case other
    }

    /// That of this process; `isGivenInput` for a build whose context or Dockerfile comes from standard input.
    init(isGivenInput: Bool = false) {
        words = Array(CommandLine.arguments.dropFirst())
        input = isGivenInput ? Self.standardInput() : nil
    }

    /// nil for a target whose Dockerfile is in no file.
    init?(of target: BakeTargetBuild) {
        guard target.target.text(.dockerfileInline) == nil else { return nil }
        words = ["build"] + target.words
        input = nil
    }

    /// A command that a shell reads, below what to say of it.
    var hint: String {
        let arguments = words.dropFirst()
        let options = arguments.prefix { $0 != "--" }
        let shown = Self.withoutSecrets(Self.withoutReaction(options)).map(Self.withoutCredentials)
        var command = ShellWords.quoted(
            [Self.program] + words.prefix(1) + ["--on-failure=shell"] + shown + arguments.dropFirst(options.count))
        var condition = ""
        switch input {
        case .file(let path)?: command += " < \(ShellWords.quoted(path))"
        case .other?: condition = ", with the same standard input again"
        case nil: break
        }
        return "for a shell where it failed\(condition):\n    \(command)"
    }

    private static func withoutReaction(_ options: ArraySlice<String>) -> [String] {
        var kept: [String] = []
        var rest = options
        while let word = rest.popFirst() {
            if word == "--on-failure" {
                _ = rest.popFirst()
            } else if !word.hasPrefix("--on-failure=") {
                kept.append(word)
            }
        }
        return kept
    }

    /// Build arguments whose names are those of secrets lose their values: what is printed here is kept in logs.
    private static func withoutSecrets(_ words: [String]) -> [String] {
        words.indices.map { index in
            let prefix = "--build-arg="
            if words[index].hasPrefix(prefix) {
                return prefix + withoutSecret(String(words[index].dropFirst(prefix.count)))
            }
            return index > 0 && words[index - 1] == "--build-arg" ? withoutSecret(words[index]) : words[index]
        }
    }

    /// A build argument; its name alone takes the value from the environment.
    static func withoutSecret(_ pair: String) -> String {
        guard let equals = pair.firstIndex(of: "="), SecretName.matches(String(pair[..<equals])) else { return pair }
        return String(pair[..<equals])
    }

    /// A message stays longer than a command line, and where others read it.
    static func withoutCredentials(_ word: String) -> String {
        let parts = word.split(separator: "://", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            let authority = part.prefix { $0 != "/" }
            guard index > 0, let end = authority.lastIndex(of: "@") else { return String(part) }
            return "****" + part[end...]
        }.joined(separator: "://")
    }

    private static func standardInput() -> Input {
        guard let file = try? SharedDescriptor.standardInput(), (try? FileStatus.of(file.rawValue))?.kind == .file,
            let path = try? file.path(), FileContents.exists(path)
        else { return .other }
        return .file(path.string)
    }
}
