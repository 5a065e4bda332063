/// A value of a YAML document with its place. Types of scalars are the reader's business: `text` is as it was written,
/// without quotes.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        case scalar(Scalar)
        case sequence([YAMLNode])
        /// In the order of the file; every name once, but `<<` as often as it is written.
        case mapping([YAMLEntry])
    }

    package struct Scalar: Sendable {
        package let text: String
        package let style: Style
    }

    package enum Style: Sendable {
        case plain
        /// In single or double quotes.
        case quoted
        /// After `|` or `>`.
        case block
    }

    package let content: Content
    /// As libyaml resolves it; empty if there is none.
    package let tag: String
    /// Of a node that an alias stands for: where the anchor is.
    package let place: YAMLPlace
}

/// One `key: value` of a mapping.
package struct YAMLEntry: Sendable {
    package let key: YAMLNode.Scalar
    package let place: YAMLPlace
    package let value: YAMLNode

    package var name: String { key.text }
    /// Whether the value is a mapping, or a list of them, whose entries the mapping has as well.
    package var isMerge: Bool { key.text == "<<" && key.style == .plain }
}

/// A character of the text, counted from 1.
package struct YAMLPlace: Hashable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// What a document may ask of its reader.
package struct YAMLLimits: Sendable {
    /// Scalars, sequences and mappings, those that aliases stand for counted each time.
    package var nodes: Int
    /// Of collections in each other.
    package var depth: Int
    package var aliases: Int

    package init(nodes: Int = 10_000, depth: Int = 32, aliases: Int = 100) {
        self.nodes = nodes
        self.depth = depth
        self.aliases = aliases
    }
}

/// Why a text is no document that can be read.
package struct YAMLError: Error, Hashable, Sendable {
    package enum Problem: Hashable, Sendable {
        /// In libyaml's words.
        case syntax(String)
        /// In libyaml's words, with the character that YAML does not allow; nil for bytes that are none.
        case unreadable(String, Unicode.Scalar?)
        case tabInIndentation
        case severalDocuments
        case undefinedAlias(String)
        case compoundKey
        case repeatedKey(String)
        case tooManyNodes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyAliases(limit: Int)
    }

    package let problem: Problem
    package let place: YAMLPlace
    /// What libyaml was reading, and where that begins.
    package var context: String?
    package var contextPlace: YAMLPlace?

    init(_ problem: Problem, at place: YAMLPlace) {
        self.problem = problem
        self.place = place
    }
}

extension YAMLError: CustomStringConvertible {
    /// What to do about it, where that is plain.
    package var hint: String? {
        switch problem {
        case .tabInIndentation: "indent with spaces"
        case .repeatedKey: "this is the first; keep one of them"
        case .severalDocuments: "make it a file of its own"
        default: nil
        }
    }

    package var description: String {
        switch problem {
        case .syntax(let text):
            guard let context, let contextPlace else { return text }
            return "\(text) (\(context) in line \(contextPlace.line))"
        case .unreadable(let text, let scalar?):
            return "\(text) (U+\(String(scalar.value, radix: 16, uppercase: true)))"
        case .unreadable(let text, nil): return text
        case .tabInIndentation: return "tab in the indentation"
        case .severalDocuments: return "a second document begins here"
        case .undefinedAlias(let name): return "there is no anchor `\(name)`"
        case .compoundKey: return "a key must be plain text"
        case .repeatedKey(let name): return "key `\(name)` is given more than once"
        case .tooManyNodes(let limit): return "file unfolds to more than \(limit) values"
        case .tooDeep(let limit): return "values are nested more than \(limit) deep"
        case .tooManyAliases(let limit): return "file has more than \(limit) aliases"
        }
    }
}
