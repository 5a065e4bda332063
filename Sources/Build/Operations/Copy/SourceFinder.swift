import Archive
import Dockerfile
import Storage

/// Finds what the words of a COPY name in its origin's tree.
struct SourceFinder {
    typealias Item = CopySelection.Item

    let tree: FileTree
    /// What messages call the tree.
    let origin: String

    /// Whether the word may name nothing without being wrong.
    static func isPattern(_ source: String) -> Bool {
        GlobPattern(cleaned(source)).map { !$0.isLiteral } ?? false
    }

    /// What the word names, nil for a pattern that matches nothing; with an exclusion the items are nodes of `part`, into
    /// which they are taken.
    func items(of source: String, takenInto part: inout TreePart) throws(CopyError) -> [Item]? {
        let path = Self.cleaned(source)
        let pattern = try Self.pattern(path, of: source)
        if let literal = pattern.literalPath {
            let item = try item(at: literal, source: source)
            if part.takesAll { return [item] }
            // Patterns are relative to the directory itself, and to the directory that holds the file.
            if !tree[item.node].isDirectory, part.drops(item.node, at: item.name[...]) { return [] }
            return [part.taking(item)]
        }
        let matches = matches(of: path)
        if matches.isEmpty { return nil }
        return part.takesAll
            ? matches : matches.filter { !part.drops($0.node, at: $0.name[...]) }.map { part.taking($0) }
    }

    /// One directory that holds what the word names, with the directories above it up to the root or to the pivot
    /// `/./`. Links above the named files are entered, links that are named are taken.
    func items(keepingParentsOf source: String, takenInto part: inout TreePart) throws(CopyError) -> [Item]? {
        let (pivot, rest) = Self.splitAtPivot(source)
        let path = Self.cleaned(rest)
        let pattern = try Self.pattern(path, of: source, doubleStar: .recursive)
        var items: [Item] = []
        for root in try roots(pivot, of: source) {
            var taken: FileTree.NodeID?
            if path.isEmpty {
                taken = part.taking(root).node
            } else if let literal = pattern.literalPath {
                taken = try take(literal, below: root, source: source, into: &part)
            } else {
                taken = part.takeMatches(of: pattern, below: root.node)
            }
            if let taken { items.append(Item(name: root.name, path: root.path, node: taken)) }
        }
        return items.isEmpty && Self.isPattern(source) ? nil : items
    }

    /// `.`, empty and `..` components are resolved against the root; nothing leads above it.
    private static func cleaned(_ source: String) -> String {
        var components: [Substring] = []
        for component in source.split(separator: "/") {
            if component == ".." {
                _ = components.popLast()
            } else if component != "." {
                components.append(component)
            }
        }
        return components.joined(separator: "/")
    }

    private static func splitAtPivot(_ source: String) -> (pivot: String, rest: String) {
        guard let pivot = source.firstRange(of: "/./") else { return ("", source) }
        return (String(source[..<pivot.lowerBound]), String(source[pivot.upperBound...]))
    }

    private static func pattern(
        _ path: String, of source: String, doubleStar: GlobPattern.DoubleStar = .single
    ) throws(CopyError) -> GlobPattern {
        guard let pattern = GlobPattern(path, doubleStar: doubleStar) else {
            throw CopyError("`\(source)` is a malformed pattern", hint: "close the bracket, or escape it: `\\[`")
        }
        return pattern
    }

    private func item(at path: String, source: String) throws(CopyError) -> Item {
        let bytes = Array(path.utf8)
        let resolved: FileTree.Resolution
        do {
            resolved = try tree.resolve(bytes)
        } catch {
            throw CopyError("cannot copy `\(source)`: \(error)")
        }
        guard let node = resolved.node else {
            throw CopyError.missing(source, at: EntryPath(unchecked: bytes), in: tree, origin)
        }
        return Item(name: Array(EntryPath(unchecked: bytes).name), path: resolved.path, node: node)
    }

    /// Components match one by one; a link to a directory is entered, as for a path without metacharacters.
    private func matches(of pattern: String) -> [Item] {
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

    // MARK: Parents

    /// The directories that paths are kept below.
    private func roots(_ pivot: String, of source: String) throws(CopyError) -> [Item] {
        let path = Self.cleaned(pivot)
        if let literal = try Self.pattern(path, of: source).literalPath {
            let root = try item(at: literal, source: source)
            guard tree[root.node].isDirectory else {
                throw CopyError("cannot copy `\(source)`: `\(pivot)` is not a directory")
            }
            return [root]
        }
        return matches(of: path).filter { tree[$0.node].isDirectory }
    }

    private func take(
        _ path: String, below root: Item, source: String, into part: inout TreePart
    ) throws(CopyError) -> FileTree.NodeID {
        let components = EntryPath(unchecked: Array(path.utf8)).components
        var here = root.path
        var steps: [(name: ArraySlice<UInt8>, node: FileTree.NodeID)] = []
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let resolved: FileTree.Resolution
            do {
                resolved = try tree.resolve(here.appending(component).bytes, followsLast: !isLast)
            } catch {
                throw CopyError("cannot copy `\(source)`: \(error)")
            }
            guard let next = resolved.node, isLast || tree[next].isDirectory else {
                let whole = components.reduce(root.path) { $0.appending($1) }
                throw CopyError.missing(source, at: whole, in: tree, origin)
            }
            steps.append((component, next))
            here = resolved.path
        }
        return part.take(steps, below: root.node)
    }
}
