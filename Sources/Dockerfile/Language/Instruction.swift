/// An instruction with its arguments understood as far as they can be before variables are known: every `Word` is raw,
/// and whoever carries the instruction out expands it unless the payload says that it is taken as written.
package indirect enum Instruction: Sendable {
    case add(AddInstruction)
    case arg(ArgInstruction)
    case cmd(CommandForm)
    case copy(CopyInstruction)
    case entrypoint(CommandForm)
    case env(EnvInstruction)
    /// Ports, each word to be expanded to words and then read by `PortRange.parse`.
    case expose([Word])
    case from(FromInstruction)
    case healthcheck(HealthcheckInstruction)
    case label(EnvInstruction)
    /// The text as written.
    case maintainer(Word)
    case onbuild(OnbuildInstruction)
    case run(RunInstruction)
    case shell([Word])
    case stopsignal(Word)
    case user(Word)
    case volume([Word])
    case workdir(Word)
}

/// An instruction of a stage with the syntax it was read from.
package struct StageInstruction: Sendable {
    package let instruction: Instruction
    package let node: InstructionNode

    package var keyword: Keyword { node.keyword }
    package var range: SourceRange { node.range }
}

/// `FROM [--platform=P] image [AS name]`; platform and image are expanded with global arguments.
package struct FromInstruction: Sendable {
    package let platform: FlagValue?
    package let image: Word
    /// As written; stages are known by its lower-case form.
    package let alias: Word?

    package var stageName: String? { alias.map { $0.text.lowercased() } }
}

/// `ARG name[=default] …`: pairs take effect one after the other, defaults may refer to the pairs before.
package struct ArgInstruction: Sendable {
    package let arguments: [InstructionNode.Pair]
}

/// The pairs of ENV and LABEL; names and values are expanded with the environment before the instruction.
package struct EnvInstruction: Sendable {
    package struct Pair: Sendable {
        package let name: Word
        package let value: Word
    }

    package let pairs: [Pair]
    /// Written as `ENV name rest of the line`.
    package let isLegacy: Bool
}

/// What RUN, CMD, ENTRYPOINT and HEALTHCHECK start; the builder expands nothing in it.
package enum CommandForm: Sendable {
    /// One text for the shell.
    case shell(Word)
    /// Program and arguments, no shell.
    case exec([Word])
}

package struct RunInstruction: Sendable {
    package enum Command: Sendable {
        case shell(Word)
        case exec([Word])
        /// `RUN <<EOF` and nothing else: the content is the argument of the shell, or a program if it starts with `#!`.
        case script(Heredoc)
        /// A command with here-documents of its own: `text` is the command and all bodies, for the shell to read.
        case shellWithHeredocs(text: String, [Heredoc])
    }

    package let command: Command
    /// Raw `--mount` values; `Mount.parse` reads one after expansion.
    package let mounts: [MountOption]
    /// Nil follows the build.
    package let network: NetworkMode?
    package let security: SecurityMode?
    package let devices: [DeviceOption]

    package enum NetworkMode: String, CaseIterable, Sendable {
        case `default`
        case none
        case host
    }

    package enum SecurityMode: String, CaseIterable, Sendable {
        case sandbox
        case insecure
    }
}

/// A source of COPY or ADD.
package enum CopySource: Sendable {
    /// A path, pattern, or for ADD a URL; to be expanded.
    case path(Word)
    /// A file with the here-document's name and content; expanded with `WordExpander.expandHeredoc` if it says so.
    case heredoc(Heredoc)
}

package struct CopyInstruction: Sendable {
    package let sources: [CopySource]
    package let destination: Word
    /// A stage name, stage index, named context or image; never expanded.
    package let from: FlagValue?
    package let owner: FlagValue?
    package let mode: FlagValue?
    package let isLinked: Bool
    package let keepsParents: Bool
    /// Ignore-file patterns; not expanded.
    package let excludes: [FlagValue]
}

package struct AddInstruction: Sendable {
    package let sources: [CopySource]
    package let destination: Word
    package let owner: FlagValue?
    package let mode: FlagValue?
    package let checksum: FlagValue?
    package let isLinked: Bool
    package let keepsGitDirectory: Bool
    /// Nil: local archives are unpacked, remote ones are not.
    package let unpacks: Bool?
    package let excludes: [FlagValue]
}

package enum HealthcheckInstruction: Sendable {
    /// Switches off what the base image has.
    case none
    case command(CommandForm, Timing)

    /// Nanoseconds; 0 is the runtime's default.
    package struct Timing: Hashable, Sendable {
        package var interval: Int64 = 0
        package var timeout: Int64 = 0
        package var startPeriod: Int64 = 0
        package var startInterval: Int64 = 0
        package var retries = 0
    }
}

/// An instruction for the builds that start from this image.
package struct OnbuildInstruction: Sendable {
    package let trigger: StageInstruction
    /// What the image's configuration stores: the instruction and its here-documents.
    package let text: String
}

/// The value of a flag, where it stands.
package struct FlagValue: Hashable, Sendable {
    package let text: String
    /// The whole `--name=value` word.
    package let range: SourceRange

    package var word: Word { Word(text, range: range) }
}
