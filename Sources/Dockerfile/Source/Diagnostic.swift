/// A mistake or a doubtful place in a file its author wrote, with what to do about it.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    package let severity: Severity
    /// The lint rule's name; nil for errors of the language itself.
    package let rule: String?
    package let message: String
    /// Nil when the mistake is the file as a whole.
    package let range: SourceRange?
    package let hint: String?

    package init(
        _ severity: Severity, _ message: String, at range: SourceRange?, rule: String? = nil, hint: String? = nil
    ) {
        self.severity = severity
        self.rule = rule
        self.message = message
        self.range = range
        self.hint = hint
    }

    package static func error(_ message: String, at range: SourceRange?, hint: String? = nil) -> Diagnostic {
        Diagnostic(.error, message, at: range, hint: hint)
    }
}

extension Sequence where Element == Diagnostic {
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// In the order of their places; those without one first.
    package var inOrder: [Diagnostic] {
        enumerated().sorted { a, b in
            let first = a.element.range?.start ?? SourcePosition(line: 0, column: 0)
            let second = b.element.range?.start ?? SourcePosition(line: 0, column: 0)
            return first == second ? a.offset < b.offset : first < second
        }.map(\.element)
    }
}
