package import Archive
package import Dockerfile
package import Storage

/// Where the selected files go: the entries of the layer that a COPY or ADD makes.
package struct CopyPlacement: Sendable {
    package struct Owner: Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32

        package init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    private let base: FileTree
    /// The base with what has been placed so far.
    var tree: FileTree
    /// The nodes of `tree` that the new layer must name.
    var layer: [EntryPath: FileTree.NodeID] = [:]
    /// Directories of the base that something else took the place of.
    var replaced: Set<EntryPath> = []
    private let owner: Owner?
    private let mode: FileModeChange?
    /// For the directories made on the way.
    private let directoryMode: FileModeChange?
    private let modified: Timestamp
    private let keepsTimes: Bool
    /// No file that was placed is younger.
    var newest: Timestamp

    /// `base` is the tree the layer is put on. Directories made on the way, and files whose origin keeps no times, get
    /// the time `epoch`; no file gets a later one, unless `keepsTimes`. `mode` is for them as well, unless the layer
    /// `isLinked` and may find them there.
    package init(
        on base: FileTree, owner: Owner?, mode: FileModeChange?, epoch: Int64, isLinked: Bool = false,
        keepsTimes: Bool = false
    ) {
        self.base = base
        tree = base
        self.owner = owner
        self.mode = mode
        directoryMode = isLinked ? nil : mode
        modified = Timestamp(seconds: epoch)
        newest = modified
        self.keepsTimes = keepsTimes
    }

    /// An entry of the new layer: a file, another name of an earlier one, or the sign that a name of the base is gone.
    package enum Entry: Sendable {
        case file(EntryPath, FileTree.Node)
        case hardLink(EntryPath, to: EntryPath, FileTree.Node)
        case whiteout(EntryPath)
    }

    /// In the order of the layer contract: bytewise by path; of several names of one file the first is the file.
    package var entries: [Entry] {
        var names: [FileTree.NodeID: EntryPath] = [:]
        var entries = layer.sorted { $0.key < $1.key }.map { path, id -> (place: EntryPath, entry: Entry) in
            let node = tree[id]
            if node.isDirectory { return (path, .file(path, node)) }
            if let first = names[id] { return (path, .hardLink(path, to: first, node)) }
            names[id] = path
            return (path, .file(path, node))
        }
        let gone = hidden
        if !gone.isEmpty {
            entries += gone.map { path in
                ((path.parent ?? .root).appending(Array(".wh.".utf8) + path.name), .whiteout(path))
            }
            entries.sort { $0.place < $1.place }
        }
        return entries.map(\.entry)
    }

    /// Names of the base in directories that were replaced by new ones, which a layer would merge.
    private var hidden: [EntryPath] {
        var hidden: [EntryPath] = []
        for path in replaced {
            guard let old = base.node(at: path), base[old].isDirectory, let new = tree.node(at: path), old != new,
                tree[new].isDirectory
            else { continue }
            for (name, _) in base.children(of: old) where tree.child(name, of: new) == nil {
                hidden.append(path.appending(name))
            }
        }
        return hidden
    }

    /// Copies one item to `destination`, an absolute path followed through the base's links. A directory's contents go
    /// into the destination; a file goes there under `name` if `isDirectory` says so or a directory is there.
    package mutating func place(
        _ item: FileTree.NodeID, named name: [UInt8], of source: FileTree, to destination: String, isDirectory: Bool
    ) throws(CopyError) {
        let target = try resolve(Array(destination.utf8))
        if source[item].isDirectory {
            try makeDirectory(target)
            try placeContents(of: item, in: source, below: target)
        } else if isDirectory || existing(target)?.isDirectory == true {
            try makeDirectory(target)
            try put(source[item], at: target.appending(name))
        } else {
            if let parent = target.parent { try makeDirectory(parent) }
            try put(source[item], at: target)
        }
    }

    /// Puts a file that no tree holds: a here-document.
    package mutating func place(
        _ node: FileTree.Node, named name: [UInt8], to destination: String, isDirectory: Bool
    ) throws(CopyError) {
        var source = FileTree()
        let id = source.add(node, named: name, to: FileTree.root)
        try place(id, named: name, of: source, to: destination, isDirectory: isDirectory)
    }

    /// Makes a directory and what is missing above it; one that exists keeps its metadata.
    package mutating func makeDirectory(_ path: EntryPath) throws(CopyError) {
        try makeDirectory(path, directoryMode)
    }

    mutating func makeDirectory(_ path: EntryPath, _ mode: FileModeChange?) throws(CopyError) {
        if let node = existing(path) {
            guard node.isDirectory else { throw CopyError("cannot copy into `/\(path)`: it is not a directory") }
            return
        }
        if let parent = path.parent { try makeDirectory(parent, mode) }
        record(adorned: adorned(FileTree.Node(kind: .directory, mode: 0o755), mode), at: path)
    }

    /// The same for an absolute path whose symbolic links are followed.
    package mutating func makeDirectory(followedThrough path: String) throws(CopyError) {
        try makeDirectory(try resolve(Array(path.utf8)))
    }

    func resolve(_ path: [UInt8], followsLast: Bool = true) throws(CopyError) -> EntryPath {
        do {
            return try tree.resolve(path, followsLast: followsLast).path
        } catch {
            throw CopyError("cannot copy to `\(String(decoding: path, as: UTF8.self))`: \(error)")
        }
    }

    func existing(_ path: EntryPath) -> FileTree.Node? { tree.node(at: path).map { tree[$0] } }

    private mutating func placeContents(
        of directory: FileTree.NodeID, in source: FileTree, below target: EntryPath
    ) throws(CopyError) {
        var found: [(path: EntryPath, id: FileTree.NodeID)] = []
        source.walk(from: directory, at: target) { path, id in found.append((path, id)) }
        var placed: [FileTree.NodeID: FileTree.NodeID] = [:]
        for (path, id) in found {
            if source[id].isDirectory {
                if let there = existing(path) {
                    guard there.isDirectory else { throw Self.conflict(there, at: path) }
                } else {
                    record(source[id], at: path)
                }
            } else if let first = placed[id] {
                try requireNoDirectory(at: path)
                link(first, at: path)
            } else {
                placed[id] = try put(source[id], at: path)
            }
        }
    }

    private static func conflict(_ node: FileTree.Node, at path: EntryPath) -> CopyError {
        guard case .symbolicLink(let target) = node.kind else {
            return CopyError("cannot copy a directory over the file `/\(path)`")
        }
        let leads = String(decoding: target, as: UTF8.self)
        return CopyError(
            "cannot copy a directory over `/\(path)`: it is a symbolic link to `\(leads)`",
            hint: "copy to the directory it leads to, or use --link to replace it")
    }

    @discardableResult
    private mutating func put(_ node: FileTree.Node, at path: EntryPath) throws(CopyError) -> FileTree.NodeID {
        try requireNoDirectory(at: path)
        return record(node, at: path)
    }

    private func requireNoDirectory(at path: EntryPath) throws(CopyError) {
        if existing(path)?.isDirectory == true {
            throw CopyError("cannot copy a file over the directory `/\(path)`")
        }
    }

    /// Whoever calls has made the parent.
    @discardableResult
    private mutating func record(_ node: FileTree.Node, at path: EntryPath) -> FileTree.NodeID {
        record(adorned: adorned(node, mode), at: path)
    }

    @discardableResult
    mutating func record(adorned node: FileTree.Node, at path: EntryPath) -> FileTree.NodeID {
        guard let parent = path.parent.flatMap({ tree.node(at: $0) }) else { return FileTree.root }
        newest = max(newest, node.modified)
        let id = tree.add(node, named: path.name, to: parent)
        name(id, at: path)
        return id
    }

    mutating func link(_ id: FileTree.NodeID, at path: EntryPath) {
        guard let parent = path.parent.flatMap({ tree.node(at: $0) }) else { return }
        tree.link(id, named: path.name, to: parent)
        name(id, at: path)
    }

    /// A layer names every ancestor of its entries, with the metadata it has in the merged tree (layer contract, 2).
    mutating func name(_ id: FileTree.NodeID, at path: EntryPath) {
        layer[path] = id
        var next = path.parent
        while let ancestor = next, !ancestor.isRoot, layer[ancestor] == nil {
            layer[ancestor] = tree.node(at: ancestor)
            next = ancestor.parent
        }
    }

    func adorned(_ node: FileTree.Node, _ mode: FileModeChange?) -> FileTree.Node {
        var node = node
        if let owner { (node.uid, node.gid) = (owner.uid, owner.gid) }
        if let mode, !node.isSymbolicLink {
            node.mode = mode.applied(to: node.mode, isDirectory: node.isDirectory)
        }
        if node.modified.seconds <= 0 || !keepsTimes && node.modified > modified { node.modified = modified }
        return node
    }
}

extension CopyPlacement {
    /// A pattern that matches several files needs a directory to put them in, as several sources do.
    func check(_ selection: CopySelection, goesInto copy: CopyOperation) throws(CopyError) {
        let files = selection.items.count { !selection.tree[$0.node].isDirectory }
        guard files > 1, !copy.destinationIsDirectory,
            existing(try resolve(Array(copy.destination.utf8)))?.isDirectory != true
        else { return }
        throw CopyError(
            "`\(copy.sources[0])` matches \(files) files, and `\(copy.destination)` is not a directory",
            hint: "end the destination with a slash: `\(copy.destination)/`")
    }
}

extension FileTree.Node {
    var isSymbolicLink: Bool {
        if case .symbolicLink = kind { true } else { false }
    }
}
