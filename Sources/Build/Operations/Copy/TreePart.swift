import Archive
import Dockerfile
import Storage

/// Parts of a tree as a tree of their own: directories with some of what they hold. Hard links stay what they are.
struct TreePart {
    private let source: FileTree
    private let excludes: IgnoreFile
    private(set) var tree = FileTree()
    private var copies: [FileTree.NodeID: FileTree.NodeID] = [:]
    private var roots = 0

    /// `excludes` says what directories lose, by paths relative to the directory that is taken.
    init(of source: FileTree, without excludes: IgnoreFile) {
        self.source = source
        self.excludes = excludes
    }

    var takesAll: Bool { excludes.isEmpty }

    /// Whether nothing is taken of what has that path.
    func drops(_ node: FileTree.NodeID, at path: ArraySlice<UInt8>) -> Bool {
        excludes.excludes(path) && (!source[node].isDirectory || excludes.canSkip(directory: path))
    }

    /// The item with its contents.
    mutating func taking(_ item: CopySelection.Item) -> CopySelection.Item {
        let root = addRoot(item.node)
        if source[item.node].isDirectory { addContents(of: item.node, at: .root, to: root) }
        return CopySelection.Item(name: item.name, path: item.path, node: root)
    }

    /// The directory with one path in it, whose last component comes with its contents.
    mutating func take(
        _ path: [(name: ArraySlice<UInt8>, node: FileTree.NodeID)], below directory: FileTree.NodeID
    ) -> FileTree.NodeID {
        let root = addRoot(directory)
        var parent = root
        var here = EntryPath.root
        for step in path {
            here = here.appending(step.name)
            if drops(step.node, at: here.bytes[...]) { return root }
            parent = add(step.node, named: step.name, to: parent)
        }
        if let last = path.last, source[last.node].isDirectory { addContents(of: last.node, at: here, to: parent) }
        return root
    }

    /// The directory with what matches in it: files and directories with their contents. Links are not entered. nil if
    /// nothing does.
    mutating func takeMatches(of pattern: GlobPattern, below directory: FileTree.NodeID) -> FileTree.NodeID? {
        var found: [(path: EntryPath, ancestors: [(name: ArraySlice<UInt8>, node: FileTree.NodeID)])] = []
        var pending: [(path: EntryPath, steps: [(name: ArraySlice<UInt8>, node: FileTree.NodeID)])] = [(.root, [])]
        while let (path, steps) = pending.popLast() {
            for (name, child) in source.children(of: steps.last?.node ?? directory) {
                let below = path.appending(name)
                let next = steps + [(name, child)]
                if pattern.matches(below.bytes[...]) {
                    found.append((below, next))
                } else if source[child].isDirectory, pattern.canMatch(below: below.bytes[...]) {
                    pending.append((below, next))
                }
            }
        }
        guard !found.isEmpty else { return nil }
        let root = addRoot(directory)
        for (path, steps) in found {
            guard let last = steps.last, !drops(last.node, at: path.bytes[...]) else { continue }
            var parent = root
            for step in steps {
                parent = tree.child(step.name, of: parent) ?? add(step.node, named: step.name, to: parent)
            }
            if source[last.node].isDirectory { addContents(of: last.node, at: path, to: parent) }
        }
        return root
    }

    private mutating func addRoot(_ node: FileTree.NodeID) -> FileTree.NodeID {
        roots += 1
        return add(node, named: Array(String(roots).utf8), to: FileTree.root)
    }

    @discardableResult
    private mutating func add(
        _ node: FileTree.NodeID, named name: some Collection<UInt8>, to parent: FileTree.NodeID
    ) -> FileTree.NodeID {
        if source[node].isDirectory { return tree.add(source[node], named: name, to: parent) }
        if let copy = copies[node] {
            tree.link(copy, named: name, to: parent)
            return copy
        }
        let copy = tree.add(source[node], named: name, to: parent)
        copies[node] = copy
        return copy
    }

    /// What the exclusions leave of a directory. One that is excluded itself is there if something in it is not.
    private mutating func addContents(of directory: FileTree.NodeID, at path: EntryPath, to parent: FileTree.NodeID) {
        var pending = [(directory, path, parent)]
        var doubtful: [(name: ArraySlice<UInt8>, parent: FileTree.NodeID, copy: FileTree.NodeID)] = []
        while let (directory, path, parent) = pending.popLast() {
            for (name, child) in source.children(of: directory) {
                let below = path.appending(name)
                let isExcluded = excludes.excludes(below.bytes[...])
                guard source[child].isDirectory else {
                    if !isExcluded { add(child, named: name, to: parent) }
                    continue
                }
                if isExcluded, excludes.canSkip(directory: below.bytes[...]) { continue }
                let copy = add(child, named: name, to: parent)
                if isExcluded { doubtful.append((name, parent, copy)) }
                pending.append((child, below, copy))
            }
        }
        for directory in doubtful.reversed() where !tree.hasChildren(directory.copy) {
            tree.remove(directory.name, from: directory.parent)
        }
    }
}
