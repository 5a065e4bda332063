package import YAML

/// A configuration file as read: its name for messages and its lines for excerpts.
package struct ConfigSource: Sendable {
    package let name: String
    package let text: String
    package let lines: [Substring]
    /// Lines with one of these words are not shown in messages.
    private let secretWords: [String]

    package init(name: String, text: String, secretWords: [String] = []) {
        self.name = name
        self.text = text
        self.secretWords = secretWords
        lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    /// The source in `bytes`, or a diagnostic when they are too many or not UTF-8.
    package static func decode(
        _ bytes: [UInt8], name: String, secretWords: [String] = []
    ) throws(ConfigError) -> ConfigSource {
        guard bytes.count <= ConfigLimits.bytes else {
            let empty = ConfigSource(name: name, text: "")
            throw ConfigError([
                empty.error("file has \(bytes.count) bytes; the limit is \(ConfigLimits.bytes)", at: .start)
            ])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let before = String(decoding: bytes.prefix { $0 < 0x80 }, as: UTF8.self)
            let source = ConfigSource(name: name, text: before)
            let span = SourceSpan(line: source.lines.count, column: (source.lines.last?.unicodeScalars.count ?? 0) + 1)
            throw ConfigError([source.error("file is not UTF-8 text", at: span)])
        }
        return ConfigSource(name: name, text: text, secretWords: secretWords)
    }

    package func error(_ message: String, at span: SourceSpan, hint: String? = nil) -> ConfigDiagnostic {
        diagnostic(.error, message, at: span, hint: hint)
    }

    func diagnostic(
        _ severity: ConfigDiagnostic.Severity, _ message: String, at span: SourceSpan, hint: String?
    ) -> ConfigDiagnostic {
        var line = lines.indices.contains(span.line - 1) ? String(lines[span.line - 1]) : ""
        if secretWords.contains(where: { line.contains($0) }) { line = "" }
        return ConfigDiagnostic(
            severity: severity, file: name, span: span, message: message, hint: hint, sourceLine: line)
    }
}

/// What a configuration file may ask of its reader.
package enum ConfigLimits {
    package static let bytes = 256 * 1024
    package static let yaml = YAMLLimits(nodes: 10_000, depth: 32, aliases: 100)
}
