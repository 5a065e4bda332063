import ArgumentParser
import Dockerfile

/// A word where the name of a command should be.
enum UnknownCommand {
    /// Nil if the commands that `arguments` begin with exist.
    static func failure(in arguments: [String], of root: any ParsableCommand.Type) -> CommandFailure? {
        var command = root
        var path = [root._commandName]
        for word in arguments {
            let below = command.configuration.subcommands
            guard !below.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = below.first(where: { $0._commandName == word }) else {
                let names = below.map { $0._commandName }
                let hint =
                    Suggestion.hint(for: word, among: names) ?? "its commands are: " + names.joined(separator: ", ")
                return .usage("`\(path.joined(separator: " "))` has no command `\(word)`", hint: hint)
            }
            command = next
            path.append(word)
        }
        return nil
    }
}
