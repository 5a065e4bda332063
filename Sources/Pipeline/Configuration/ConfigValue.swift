/// A value of a configuration file with its place: what YAML and TOML files have in common.
package struct ConfigValue: Sendable {
    package enum Content: Sendable {
        case null
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case string
        case list([ConfigValue])
        case table([ConfigEntry])
    }

    package let content: Content
    /// A scalar as it was written, without quotes: `6.10` keeps its zero. Empty for lists and tables.
    package let text: String
    package let span: SourceSpan

    package init(_ content: Content, text: String = "", at span: SourceSpan) {
        self.content = content
        self.text = text
        self.span = span
    }
}

/// One `key: value`, in the order of the file.
package struct ConfigEntry: Sendable {
    package let name: String
    package let nameSpan: SourceSpan
    package let value: ConfigValue

    package init(name: String, at nameSpan: SourceSpan, value: ConfigValue) {
        self.name = name
        self.nameSpan = nameSpan
        self.value = value
    }
}

/// A value read from a configuration file, and where it stood.
package struct Located<Value: Sendable>: Sendable {
    package let value: Value
    package let span: SourceSpan

    package init(_ value: Value, at span: SourceSpan) {
        self.value = value
        self.span = span
    }
}
