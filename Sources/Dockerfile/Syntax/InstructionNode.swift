/// A piece of an instruction as written: quotes, escapes and variables untouched.
package struct Word: Hashable, Sendable {
    package let text: String
    package let range: SourceRange

    package init(_ text: String, range: SourceRange) {
        self.text = text
        self.range = range
    }
}

/// One instruction as it stands in the file, split into its parts but not yet checked against its keyword's rules.
package struct InstructionNode: Sendable {
    /// A `--name=value` word; quotes and escapes are resolved, variables are not.
    package struct Flag: Hashable, Sendable {
        package let text: String
        package let range: SourceRange
    }

    /// `name=value` of ENV, LABEL and ARG; the value is nil in `ARG name`.
    package struct Pair: Hashable, Sendable {
        package let name: Word
        package let value: Word?
    }

    package enum Form: String, Sendable {
        /// Words or text.
        case shell
        /// A JSON array of strings; the arguments are the decoded strings.
        case exec
    }

    package let keyword: Keyword
    /// The keyword as written.
    package let spelling: Word
    package let flags: [Flag]
    /// Raw words; one word with the whole text where the language does not split (RUN, CMD, USER …).
    package let arguments: [Word]
    /// Only for ENV, LABEL and ARG, whose `arguments` are empty.
    package let pairs: [Pair]
    /// ENV or LABEL written as `ENV name rest of the line`.
    package let isLegacyPair: Bool
    package let form: Form
    /// Everything after the flags, with continuations joined.
    package let text: Word
    package let heredocs: [Heredoc]
    /// The instruction with its continuations joined and without here-document bodies.
    package let original: String
    /// All lines of the instruction, here-documents included.
    package let range: SourceRange
    /// The comment lines directly above, without `#`; a bare `#` starts the block anew.
    package let comments: [Word]
    /// First empty line within a continuation.
    package let emptyContinuationLine: Int?
    /// The instruction an ONBUILD defers; at most one.
    package let trigger: [InstructionNode]
}

extension InstructionNode {
    /// The instruction with the bodies of its here-documents and their last lines, as a shell would read it.
    package var originalWithHeredocs: String {
        var text = original
        for heredoc in heredocs + trigger.flatMap(\.heredocs) { text += "\n" + heredoc.body + heredoc.name }
        return text
    }
}
