import ArgumentParser
import Linux

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Prints what a shell needs to complete commands and options.",
        discussion: """
            Examples:
              source <(caisson completion bash)
              caisson completion zsh > ~/.zfunc/_caisson
              caisson completion fish > ~/.config/fish/completions/caisson.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash
        case zsh
        case fish

        var completed: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell.") var shell: Shell

    func run() { StandardOutput.write(Caisson.completionScript(for: shell.completed) + "\n") }
}
