package import Archive
package import Dockerfile

extension IgnoreFile {
    /// The rule that hides `path`, for messages.
    package func exclusion(of path: EntryPath) -> Exclusion? {
        let decision = decision(for: path.bytes[...])
        guard decision.isExcluded, let rule = decision.rule else { return nil }
        return Exclusion(fileName: source.name, line: rule.line, pattern: rule.text)
    }
}
