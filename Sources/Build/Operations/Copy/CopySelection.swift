package import Archive
internal import Dockerfile
package import Storage

/// The files that a COPY takes, found in its origin's tree.
package struct CopySelection: Sendable {
    /// One file or directory named by a source word.
    package struct Item: Hashable, Sendable {
        /// Its name in a destination directory: the last component as written, before links are followed.
        package let name: [UInt8]
        package let path: EntryPath
        package let node: FileTree.NodeID
    }

    package private(set) var items: [Item] = []
    /// Patterns that matched nothing.
    package private(set) var unmatchedPatterns: [String] = []

    /// `origin` is what messages call the tree.
    package init(
        of sources: [String], in tree: FileTree, called origin: String = "the build context",
        exclusion: (EntryPath) -> Exclusion? = { _ in nil }
    ) throws(CopyError) {
        for source in sources {
            let path = Self.cleaned(source)
            guard let pattern = GlobPattern(path) else { throw CopyError("`\(source)` is a malformed pattern") }
            if let literal = pattern.literalPath {
                items.append(try Self.item(at: literal, source: source, in: tree, origin, exclusion: exclusion))
            } else {
                let matches = Self.matches(of: path, in: tree)
                if matches.isEmpty { unmatchedPatterns.append(source) }
                items += matches
            }
        }
    }

    /// `.`, empty and `..` components are resolved against the root; nothing leads above it.
    private static func cleaned(_ source: String) -> String {
        var components: [Substring] = []
        for component in source.split(separator: "/") {
            if component == ".." { _ = components.popLast() } else if component != "." { components.append(component) }
        }
        return components.joined(separator: "/")
    }

    private static func item(
        at path: String, source: String, in tree: FileTree, _ origin: String, exclusion: (EntryPath) -> Exclusion?
    ) throws(CopyError) -> Item {
        let bytes = Array(path.utf8)
        let resolved: FileTree.Resolution
        do {
            resolved = try tree.resolve(bytes)
        } catch {
            throw CopyError("cannot copy `\(source)`: \(error)")
        }
        guard let node = resolved.node else {
            throw CopyError.missing(source, at: EntryPath(unchecked: bytes), in: tree, origin, exclusion: exclusion)
        }
        return Item(name: Array(EntryPath(unchecked: bytes).name), path: resolved.path, node: node)
    }

    /// Components match one by one; a link to a directory is entered, as for a path without metacharacters.
    private static func matches(of pattern: String, in tree: FileTree) -> [Item] {
        var found: [EntryPath] = [.root]
        for component in pattern.split(separator: "/") {
            guard let glob = GlobPattern(String(component)) else { return [] }
            var next: [EntryPath] = []
            for path in found {
                guard let directory = try? tree.resolve(path.bytes), let id = directory.node, tree[id].isDirectory
                else { continue }
                for child in tree.children(of: id) where glob.matches(child.name) {
                    next.append(path.appending(child.name))
                }
            }
            found = next
        }
        return found.compactMap { match in
            guard let resolved = try? tree.resolve(match.bytes), let node = resolved.node else { return nil }
            return Item(name: Array(match.name), path: resolved.path, node: node)
        }
    }
}

/// Why a COPY cannot be carried out.
package struct CopyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }

    /// A source that is not there: hidden by an ignore rule, or named almost like something else.
    static func missing(
        _ source: String, at path: EntryPath, in tree: FileTree, _ origin: String, exclusion: (EntryPath) -> Exclusion?
    ) -> CopyError {
        if let rule = exclusion(path) {
            return CopyError(
                "`\(source)` is not in \(origin): excluded by \(rule.fileName) line \(rule.line) (`\(rule.pattern)`)",
                hint: "add a line `!\(path)` to \(rule.fileName)")
        }
        var neighbours: [String] = []
        if let parent = path.parent, let resolved = try? tree.resolve(parent.bytes), let node = resolved.node {
            neighbours = tree.children(of: node).map { parent.appending($0.name).description }
        }
        let near = Suggestion.nearest(to: path.description, among: neighbours)
        return CopyError("`\(source)` is not in \(origin)", hint: near.map { "did you mean `\($0)`?" })
    }
}
