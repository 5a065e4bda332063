package import Archive
package import Storage

extension CopyPlacement {
    /// Unpacks an archive's entries below the directory `destination` as tar does: in their order, later ones replacing
    /// earlier ones and what stands in the way, links on the way followed inside the tree. An entry for the
    /// archive's root is one for the destination, unless that is the root of the image, which no layer has. `--chmod` is
    /// not for what an archive brings.
    package mutating func unpack(
        _ entries: [(path: EntryPath, node: FileTree.Node?, linkTarget: EntryPath?)], to destination: String
    ) throws(CopyError) {
        let target = try resolve(Array(destination.utf8))
        try makeDirectory(target, nil)
        for entry in entries {
            if entry.path.isRoot {
                if let node = entry.node, !target.isRoot { unpack(node, at: target) }
                continue
            }
            let parent = try resolve(target.appending(entry.path).parent?.bytes ?? [])
            try makeDirectory(parent, nil)
            let path = parent.appending(entry.path.name)
            if let linkTarget = entry.linkTarget {
                let resolved = try resolve(target.appending(linkTarget).bytes, followsLast: false)
                guard let id = tree.node(at: resolved), !tree[id].isDirectory else {
                    throw CopyError(
                        "cannot unpack `\(entry.path)`: it is a hard link to `\(linkTarget)`, which is not there")
                }
                clear(path)
                link(id, at: path)
            } else if let node = entry.node {
                unpack(node, at: path)
            }
        }
    }

    private mutating func unpack(_ node: FileTree.Node, at path: EntryPath) {
        let adorned = adorned(node, nil)
        if node.isDirectory, let there = tree.node(at: path), tree[there].isDirectory {
            newest = max(newest, adorned.modified)
            tree[there] = adorned
            name(there, at: path)
            return
        }
        clear(path)
        record(adorned: adorned, at: path)
    }

    /// Forgets entries below a directory that something else replaces.
    private mutating func clear(_ path: EntryPath) {
        guard let there = tree.node(at: path), tree[there].isDirectory else { return }
        // What is below is gone then, so that an archive that goes on replacing costs no more than it is long.
        var gone = [path]
        tree.walk(from: there, at: path) { below, _ in gone.append(below) }
        for path in gone { layer[path] = nil }
        replaced.insert(path)
    }
}
