package import Archive
package import OCI
package import Storage

/// An archive as a context, its contents kept in the store as a layer's: nothing is unpacked.
///
/// Entries count as they would when unpacked in their order: a later one replaces an earlier one, links on the way are
/// followed inside the archive, a hard link is a file of its own. What the reader of layers refuses (`..`, links to
/// nothing) fails; a clone's `.git` is left out, as of a directory.
package struct ArchiveContext: BuildContext {
    private let files: FileTree
    /// The time of the newest file, in seconds since 1970; nil if there is none.
    package let newestModification: Int64?

    /// `layer` is the archive, which must stay in the store.
    package init(_ layer: DiffID, in store: Store) throws {
        let entries = try store.layers.entries(of: layer).filter { entry in
            entry.path.components.first.map { !$0.elementsEqual(".git".utf8) } ?? false
        }
        files = try Self.tree(entries, of: layer)
        newestModification = entries.compactMap { entry in
            if case .file = entry.kind { entry.modified.seconds } else { nil }
        }.max()
    }

    package func tree() async throws -> FileTree { files }

    package func digests(of ids: [Int]) async throws -> [Digest] { [] }

    package func open(_ id: Int) throws -> ContextContent {
        preconditionFailure("an archive's contents lie in a layer")
    }

    package func exclusion(of path: EntryPath) -> Exclusion? { nil }

    // MARK: Canonical tree

    private static func tree(_ entries: [TarEntry], of layer: DiffID) throws -> FileTree {
        var tree = FileTree()
        // Archives name what is in a directory together.
        var last: (path: EntryPath, id: FileTree.NodeID)?
        for entry in entries {
            guard let parentPath = entry.path.parent else { continue }
            let parent: FileTree.NodeID
            if let last, last.path == parentPath {
                parent = last.id
            } else {
                parent = try directory(parentPath, in: &tree)
            }
            last = (parentPath, parent)
            let existing = tree.child(entry.path.name, of: parent)
            if entry.isDirectory, let existing, tree[existing].isDirectory { continue }
            // A directory on the way to the last one may go.
            if existing != nil { last = nil }
            tree.add(try node(entry, of: layer, in: tree), named: entry.path.name, to: parent)
        }
        return tree
    }

    private static func node(_ entry: TarEntry, of layer: DiffID, in tree: FileTree) throws -> FileTree.Node {
        switch entry.kind {
        case .directory: return FileTree.Node(kind: .directory, mode: 0o755)
        case .file(let size, let offset, let segments):
            let content = FileContent(size: size, source: .layer(layer, offset: offset, segments: segments))
            return FileTree.Node(kind: .file(content), mode: entry.mode & 0o100 != 0 ? 0o755 : 0o644)
        case .symbolicLink(let target): return FileTree.Node(kind: .symbolicLink(target), mode: 0o777)
        case .fifo: return FileTree.Node(kind: .fifo, mode: 0o755)
        case .characterDevice(let major, let minor):
            return FileTree.Node(kind: .characterDevice(major: major, minor: minor), mode: 0o755)
        case .blockDevice(let major, let minor):
            return FileTree.Node(kind: .blockDevice(major: major, minor: minor), mode: 0o755)
        case .hardLink(let target):
            guard let id = (try? tree.resolve(target.bytes, followsLast: false))?.node, !tree[id].isDirectory else {
                throw refusal(entry.path, "is a link to `\(target)`, which is not there")
            }
            return tree[id]
        }
    }

    /// The directory at `path`, made with what is missing above it.
    private static func directory(_ path: EntryPath, in tree: inout FileTree) throws -> FileTree.NodeID {
        if let id = tree.node(at: path), tree[id].isDirectory { return id }
        guard let place = try? tree.resolve(path.bytes) else { throw refusal(path, "is not a directory") }
        var id = FileTree.root
        for component in place.path.components {
            let next =
                tree.child(component, of: id)
                ?? tree.add(FileTree.Node(kind: .directory, mode: 0o755), named: component, to: id)
            guard tree[next].isDirectory else { throw refusal(path, "is not a directory") }
            id = next
        }
        return id
    }

    private static func refusal(_ path: EntryPath, _ why: String) -> BuildError {
        .request("the archive cannot be a build context: `\(path)` \(why)")
    }
}
