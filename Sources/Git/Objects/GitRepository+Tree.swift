extension GitRepository {
    /// The tree of `commit`, or of the directory `path` in it ("" is the root), with everything below.
    package func tree(
        of commit: CommitID, at path: String = "", limits: GitTree.Limits = GitTree.Limits()
    ) throws(GitError) -> GitTree {
        let id = try treeID(of: commit, at: path)
        var walk = TreeWalk(repository: self, limits: limits)
        try walk.visit(id, below: [], depth: 1)
        return GitTree(id: id, entries: walk.entries)
    }

    /// The id of the root tree of `commit`, or of the directory `path` in it. Links are not followed.
    package func treeID(of commit: CommitID, at path: String = "") throws(GitError) -> ObjectID {
        var id = try self.commit(commit).tree
        var done = ""
        for component in path.utf8.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
            let found = try item(component, in: id, place: done)
            done += (done.isEmpty ? "" : "/") + String(decoding: component, as: UTF8.self)
            guard let found else {
                throw GitError(.notFound, "commit \(commit.short) has no directory `\(printable(done))`")
            }
            guard found.kind == .directory else {
                throw GitError(.notFound, "`\(printable(done))` in commit \(commit.short) is not a directory")
            }
            id = found.id
        }
        return id
    }

    /// What is at `path` in `commit`; nil if there is nothing. Links are not followed.
    package func entry(_ path: String, of commit: CommitID) throws(GitError) -> GitTree.Entry? {
        let components = path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        guard let last = components.last else { return nil }
        var id = try self.commit(commit).tree
        for component in components.dropLast() {
            guard let found = try item(component, in: id, place: path), found.kind == .directory else { return nil }
            id = found.id
        }
        guard let found = try item(last, in: id, place: path) else { return nil }
        let hasContent = found.kind != .directory && found.kind != .submodule
        return GitTree.Entry(
            path: Array(components.joined(separator: "/".utf8)), kind: found.kind, id: found.id,
            size: hasContent ? try blobSize(found.id) : 0)
    }

    private func item(
        _ name: Substring.UTF8View, in tree: ObjectID, place: String
    ) throws(GitError) -> TreeObject.Item? {
        try TreeObject(treeBytes(tree), place: place).items.first { $0.name.elementsEqual(name) }
    }
}

/// One walk over a tree, counting what it costs.
private struct TreeWalk {
    let repository: GitRepository
    let limits: GitTree.Limits
    var entries: [GitTree.Entry] = []
    private var bytes = 0

    init(repository: GitRepository, limits: GitTree.Limits) {
        self.repository = repository
        self.limits = limits
    }

    /// `prefix` is the directory's path with a trailing slash, or empty.
    mutating func visit(_ tree: ObjectID, below prefix: [UInt8], depth: Int) throws(GitError) {
        guard depth <= limits.depth else { throw exceeded("is deeper than \(limits.depth) directories", prefix) }
        let object = try TreeObject(
            repository.treeBytes(tree), place: String(decoding: prefix.dropLast(), as: UTF8.self))
        for item in object.items {
            guard entries.count < limits.entries else {
                throw exceeded("has more than \(limits.entries) entries", prefix)
            }
            guard prefix.count + item.name.count <= limits.pathLength else {
                throw exceeded("has a path longer than \(limits.pathLength) bytes", prefix)
            }
            var path = [UInt8]()
            path.reserveCapacity(prefix.count + item.name.count + 1)
            path += prefix
            path += item.name
            switch item.kind {
            case .file, .executable, .symbolicLink:
                let size = try repository.blobSize(item.id)
                bytes += size
                guard bytes <= limits.bytes else { throw exceeded("holds more than \(limits.bytes) bytes", prefix) }
                entries.append(GitTree.Entry(path: path, kind: item.kind, id: item.id, size: size))
            case .submodule:
                entries.append(GitTree.Entry(path: path, kind: .submodule, id: item.id, size: 0))
            case .directory:
                entries.append(GitTree.Entry(path: path, kind: .directory, id: item.id, size: 0))
                path.append(UInt8(ascii: "/"))
                try visit(item.id, below: path, depth: depth + 1)
            }
        }
    }

    private func exceeded(_ reason: String, _ prefix: [UInt8]) -> GitError {
        let place = prefix.isEmpty ? "the tree" : "`\(printable(String(decoding: prefix, as: UTF8.self)))`"
        return GitError(.limitExceeded, "\(place) \(reason)")
    }
}
