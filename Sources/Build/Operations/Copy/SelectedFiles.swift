import Archive
import Dockerfile
package import OCI
package import Storage

/// What a copy takes, with the digest that stands for all of it in cache keys.
package struct SelectedFiles: Sendable {
    package let selection: CopySelection
    /// Over the lines of `listing`.
    package let digest: Digest
    /// One line a file, for people who ask what changed: path, type, mode, owner, content. Empty above
    /// `listingLimit` files; the digest covers all of them.
    package let listing: [String]
    /// Of more files than are listed.
    private let prints: FilePrints?

    static let listingLimit = 1000

    /// `digests` names the contents of files, by node; `copy` says which of a file's metadata it keeps.
    package init(_ selection: CopySelection, for copy: CopyOperation, digests: [FileTree.NodeID: Digest]) {
        self.selection = selection
        let tree = selection.tree
        var hasher = SHA256Hasher()
        var lines: [String] = []
        var count = 0
        var prints = FilePrints()
        var names: [FileTree.NodeID: EntryPath] = [:]
        func add(_ path: EntryPath, _ id: FileTree.NodeID) {
            var line: String
            if let first = names[id] {
                line = "hard link to \(first)"
            } else {
                line = Self.line(tree[id], digest: digests[id], for: copy)
                if !tree[id].isDirectory { names[id] = path }
            }
            hasher.update(path.bytes)
            hasher.update([0])
            hasher.update(Array(line.utf8))
            hasher.update([0])
            count += 1
            prints.add(path.bytes, line.utf8)
            if count <= Self.listingLimit { lines.append("\(path) \(line)") }
        }
        for item in selection.items {
            names = [:]
            if tree[item.node].isDirectory {
                hasher.update(Array("directory".utf8) + [0])
                tree.walk(from: item.node) { path, id in add(path, id) }
            } else {
                hasher.update(Array("file".utf8) + [0])
                add(EntryPath(unchecked: item.name), item.node)
            }
        }
        digest = hasher.finish()
        listing = count <= Self.listingLimit ? lines : []
        self.prints = count <= Self.listingLimit ? nil : prints
    }

    var json: JSON {
        ["digest": .string(digest.description), "list": listing.isEmpty ? nil : .array(listing.map(JSON.string))]
    }

    /// For a journal: what is not part of the key as well.
    var journalJSON: JSON {
        var json = json.objectValue ?? [:]
        json["prints"] = prints.map { .string($0.text) }
        return .object(json)
    }

    /// In the order of the prints.
    var paths: [String] {
        selection.items.flatMap { item in
            guard selection.tree[item.node].isDirectory else {
                return ["\(EntryPath(unchecked: item.name))"]
            }
            var paths: [String] = []
            selection.tree.walk(from: item.node) { path, _ in paths.append("\(path)") }
            return paths
        }
    }

    /// With the mode that the file will have: modes that `--chmod` makes one are one. What `--chown` replaces is no part
    /// of it, nor are the times of a context, which has none of its own.
    private static func line(_ node: FileTree.Node, digest: Digest?, for copy: CopyOperation) -> String {
        var parts: [String] = []
        switch node.kind {
        case .file(let content): parts.append("file \(content.size) \(digest?.description ?? "")")
        case .directory: parts.append("directory")
        case .symbolicLink(let target): parts.append("link \(Digest.of(target).hex)")
        case .characterDevice(let major, let minor): parts.append("character \(major):\(minor)")
        case .blockDevice(let major, let minor): parts.append("block \(major):\(minor)")
        case .fifo: parts.append("fifo")
        }
        if !node.isSymbolicLink {
            let mode = copy.mode?.applied(to: node.mode, isDirectory: node.isDirectory) ?? node.mode
            parts.append("mode " + String(mode, radix: 8))
        }
        if copy.origin == .stage { parts.append("modified \(node.modified.seconds)") }
        if copy.owner == nil { parts.append("owner \(node.uid):\(node.gid)") }
        for attribute in node.attributes {
            parts.append(
                "attribute \(String(decoding: attribute.name, as: UTF8.self)) \(Digest.of(attribute.value).hex)")
        }
        return parts.joined(separator: " ")
    }
}
