package import Archive
package import OCI

extension FileTree {
    /// What `layers`, lowest first, show when they are stacked (image-spec 1.1, layer.md, "Applying Changesets").
    package init(layers: [(id: DiffID, entries: [TarEntry])]) {
        self.init()
        for layer in layers { apply(layer.entries, of: layer.id) }
    }

    /// Stacks one more layer. Whiteouts hide only what lies below the layer, whatever their place in it.
    package mutating func apply(_ entries: [TarEntry], of layer: DiffID) {
        for entry in entries { applyWhiteout(entry) }
        // Of two entries of one name the later counts; a link resolves among the entries before it.
        var added: [EntryPath: NodeID] = [:]
        for entry in entries where !Self.isWhiteout(entry.path) {
            added[entry.path] = apply(entry, of: layer, added: added)
        }
    }

    private static let whiteoutPrefix = Array(".wh.".utf8)

    private static func isWhiteout(_ path: EntryPath) -> Bool {
        path.components.contains { $0.starts(with: whiteoutPrefix) }
    }

    private mutating func applyWhiteout(_ entry: TarEntry) {
        let name = entry.path.name
        guard name.starts(with: Self.whiteoutPrefix), let parentPath = entry.path.parent,
            !Self.isWhiteout(parentPath), let parent = existingDirectory(parentPath)
        else { return }
        if name.elementsEqual(".wh..wh..opq".utf8) {
            removeChildren(of: parent)
        } else if !name.starts(with: ".wh..wh.".utf8) {
            remove(name.dropFirst(Self.whiteoutPrefix.count), from: parent)
        }
    }

    private mutating func apply(_ entry: TarEntry, of layer: DiffID, added: [EntryPath: NodeID]) -> NodeID? {
        guard let parentPath = entry.path.parent else {
            self[Self.root] = Node(entry, kind: .directory)
            return Self.root
        }
        let parent =
            existingDirectory(parentPath) ?? makeDirectory((try? resolve(parentPath.bytes))?.path ?? parentPath)
        let name = entry.path.name
        let kind: Kind
        switch entry.kind {
        case .file(let size, let offset, let segments):
            kind = .file(FileContent(size: size, source: .layer(layer, offset: offset, segments: segments)))
        case .directory:
            if let existing = child(name, of: parent), self[existing].isDirectory {
                self[existing] = Node(entry, kind: .directory)
                return existing
            }
            kind = .directory
        case .symbolicLink(let target): kind = .symbolicLink(target)
        case .hardLink(let target):
            guard let linked = added[target] else { return nil }
            link(linked, named: name, to: parent)
            return linked
        case .characterDevice(let major, let minor): kind = .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): kind = .blockDevice(major: major, minor: minor)
        case .fifo: kind = .fifo
        }
        return add(Node(entry, kind: kind), named: name, to: parent)
    }

    /// The directory at `path`. A layer may name its entries through a symbolic link of a layer below, as when `lib` has
    /// become a link since it was made; the link is followed in the tree, as appliers do.
    private func existingDirectory(_ path: EntryPath) -> NodeID? {
        if let id = node(at: path), self[id].isDirectory { return id }
        guard let id = (try? resolve(path.bytes))?.node, self[id].isDirectory else { return nil }
        return id
    }

    /// The directory at `path`, made with what is missing above it.
    private mutating func makeDirectory(_ path: EntryPath) -> NodeID {
        var id = Self.root
        for component in path.components {
            if let next = child(component, of: id), self[next].isDirectory {
                id = next
            } else {
                id = add(Node(kind: .directory, mode: 0o755), named: component, to: id)
            }
        }
        return id
    }
}

extension FileTree.Node {
    fileprivate init(_ entry: TarEntry, kind: FileTree.Kind) {
        self.init(
            kind: kind, mode: entry.mode, uid: entry.uid, gid: entry.gid, modified: entry.modified,
            attributes: entry.attributes)
    }
}
