internal import Archive
internal import Dockerfile
internal import Storage

/// Why a COPY cannot be carried out.
package struct CopyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let hint: String?
    /// Which of the operation's sources is to blame, by its place.
    package private(set) var source: Int?
    private var absence: Absence?

    /// What is missing, and where.
    private struct Absence: Hashable {
        let subject: String
        let path: EntryPath
        /// Says which link on the way leads there.
        let link: String?
    }

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    private init(missing path: EntryPath, _ subject: String, link: String? = nil, hint: String?) {
        self.init(link.map { "\(subject): \($0), which is not there" } ?? subject, hint: hint)
        absence = Absence(subject: subject, path: path, link: link)
    }

    package var description: String { message }

    /// The same about the source at this place; one that an ignore rule hides says so.
    func of(_ source: Int, hiddenBy exclusion: (EntryPath) -> Exclusion? = { _ in nil }) -> CopyError {
        var error = self
        if let absence, let rule = exclusion(absence.path) {
            let way = absence.link.map { "\($0), which is " } ?? ""
            error = CopyError(
                "\(absence.subject): \(way)excluded by \(rule.fileName) line \(rule.line) (`\(rule.pattern)`)",
                hint: "add a line `!\(absence.path)` to \(rule.fileName)")
        }
        error.source = source
        return error
    }
}

extension CopyError {
    /// A source that is not there, perhaps named almost like something else.
    static func missing(_ source: String, at path: EntryPath, in tree: FileTree, _ origin: String) -> CopyError {
        let subject = "`\(source)` is not in \(origin)"
        guard let link = tree.linkToNothing(on: path) else {
            return CopyError(missing: path, subject, hint: hint(for: source, at: path) ?? hint(for: path, in: tree))
        }
        let leadsOut = link.target.first == UInt8(ascii: "/") || link.target.starts(with: "..".utf8)
        return CopyError(
            missing: (try? tree.resolve(path.bytes))?.path ?? path, subject,
            link: "`\(link.path)` is a symbolic link to `\(String(decoding: link.target, as: UTF8.self))`",
            hint: leadsOut ? "links are followed inside \(origin) alone" : nil)
    }

    /// What people mean who write something that is no path of a context.
    private static func hint(for source: String, at path: EntryPath) -> String? {
        if path.components.first?.elementsEqual(".git".utf8) == true {
            return "a context has the .git of a clone only with --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"
        }
        if source.hasPrefix("github.com/") { return "ADD takes a repository by its URL: `https://….git`" }
        if source.contains("://") { return "ADD fetches http://, https://, git:// and ssh://" }
        if source.hasPrefix("--") { return "flags stand before the sources" }
        return nil
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

extension FileTree {
    /// The first symbolic link on the way along `path` that leads to nothing.
    fileprivate func linkToNothing(on path: EntryPath) -> (path: EntryPath, target: [UInt8])? {
        var here = EntryPath.root
        for component in path.components {
            here = here.appending(component)
            guard let id = (try? resolve(here.bytes, followsLast: false))?.node else { return nil }
            guard case .symbolicLink(let target) = self[id].kind, (try? resolve(here.bytes))?.node == nil else {
                continue
            }
            return (here, target)
        }
        return nil
    }
}
