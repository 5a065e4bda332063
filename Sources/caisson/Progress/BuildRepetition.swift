import Bake
import Dockerfile
import Linux
import SystemPackage

/// A build as somebody types it again, to look at a step that failed.
struct BuildRepetition {
    private let words: [String]
    private let command: BuildCommand

    /// `words` stand after `caisson build`. nil for a build from standard input or from nowhere on this machine's disk:
    /// it cannot have a terminal too.
    init?(of command: BuildCommand, words: [String]) {
        guard command.contexts.context != "-", command.contexts.file != "-" else { return nil }
        self.words = Self.withoutSecrets(words)
        self.command = command
    }

    init?(of target: BakeTargetBuild) {
        guard target.target.text(.dockerfileInline) == nil else { return nil }
        self.init(of: target.command, words: target.words)
    }

    /// The same build with a shell where it failed.
    var withShell: String { "caisson build --on-failure=shell " + ShellWords.quoted(words) }

    /// The options that decide what steps run on, as far as an image of the first `FROM` up to the step needs them.
    var options: [String] {
        var options: [String] = []
        func add(_ name: String, _ values: [String]) { for value in values { options += [name, value] } }
        add("--root", command.store.root.map { [$0] } ?? [])
        add("--build-arg", command.buildArg.map(Self.withoutSecret))
        add("--build-context", command.contexts.buildContext)
        add("--platform", command.platform.count == 1 ? command.platform : [])
        add("--secret", command.secrets.secret)
        add("--ssh", command.secrets.ssh)
        add("--allow", command.entitlements.allow.map { "\($0)" })
        return options
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

    /// A name alone takes its value from the environment.
    private static func withoutSecret(_ pair: String) -> String {
        guard let equals = pair.firstIndex(of: "="), SecretName.matches(String(pair[..<equals])) else { return pair }
        return String(pair[..<equals])
    }
}
