internal import Archive
internal import Dockerfile
internal import Storage

/// Why a COPY cannot be carried out.
package struct CopyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let hint: String?
    /// Which of the operation's sources is to blame, by its place.
    package private(set) var source: Int?
    private var missing: EntryPath?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }

    /// The same about the source at this place; one that an ignore rule hides says so.
    func of(_ source: Int, hiddenBy exclusion: (EntryPath) -> Exclusion? = { _ in nil }) -> CopyError {
        var error = self
        if let path = missing, let rule = exclusion(path) {
            error = CopyError(
                "\(message): excluded by \(rule.fileName) line \(rule.line) (`\(rule.pattern)`)",
                hint: "add a line `!\(path)` to \(rule.fileName)")
        }
        error.source = source
        return error
    }
}

extension CopyError {
    /// A source that is not there, perhaps named almost like something else.
    static func missing(_ source: String, at path: EntryPath, in tree: FileTree, _ origin: String) -> CopyError {
        let isShortAddress = source.hasPrefix("github.com/")
        var error = CopyError(
            "`\(source)` is not in \(origin)",
            hint: isShortAddress ? "ADD takes a repository by its URL: `https://….git`" : hint(for: path, in: tree))
        error.missing = path
        return error
    }

    /// A pattern without a match, in a build that was told to be strict.
    static func unmatched(_ pattern: String, _ origin: String) -> CopyError {
        CopyError("`\(pattern)` matches nothing in \(origin)", hint: "without --strict, this is a warning")
    }

    /// What the first missing component of `path` may have been meant to be.
    private static func hint(for path: EntryPath, in tree: FileTree) -> String? {
        var directory = EntryPath.root
        let components = path.components
        for (index, component) in components.enumerated() {
            guard let id = (try? tree.resolve(directory.bytes))?.node, tree[id].isDirectory else { return nil }
            if tree.child(component, of: id) != nil {
                directory = directory.appending(component)
                continue
            }
            let wanted = String(decoding: component, as: UTF8.self)
            let names = tree.children(of: id).map { String(decoding: $0.name, as: UTF8.self) }
            func whole(_ name: String) -> String {
                let rest = components[(index + 1)...].map { String(decoding: $0, as: UTF8.self) }
                return ([directory.description].filter { !$0.isEmpty } + [name] + rest).joined(separator: "/")
            }
            if let other = names.first(where: { $0.lowercased() == wanted.lowercased() }) {
                return "names differ by upper and lower case: there is `\(whole(other))`"
            }
            return Suggestion.nearest(to: wanted, among: names).map { "did you mean `\(whole($0))`?" }
        }
        return nil
    }
}
