import Archive
import Storage

/// A file of a tree that a test describes; parents come by themselves.
struct TreeItem: Sendable {
    var path: String
    var node: FileTree.Node
    /// Another name of this file.
    var linked: String?

    static func file(
        _ path: String, _ content: String = "", mode: UInt16 = 0o644, owner: (UInt32, UInt32) = (0, 0),
        modified: Int64 = 0
    ) -> TreeItem {
        let bytes = Array(content.utf8)
        return TreeItem(
            path: path,
            node: FileTree.Node(
                kind: .file(FileContent(size: Int64(bytes.count), source: .bytes(bytes))), mode: mode, uid: owner.0,
                gid: owner.1, modified: Timestamp(seconds: modified)))
    }

    static func directory(_ path: String, mode: UInt16 = 0o755, owner: (UInt32, UInt32) = (0, 0)) -> TreeItem {
        TreeItem(path: path, node: FileTree.Node(kind: .directory, mode: mode, uid: owner.0, gid: owner.1))
    }

    static func symlink(_ path: String, _ target: String) -> TreeItem {
        TreeItem(path: path, node: FileTree.Node(kind: .symbolicLink(Array(target.utf8)), mode: 0o777))
    }

    static func link(_ path: String, to target: String) -> TreeItem {
        TreeItem(path: path, node: FileTree.Node(kind: .directory, mode: 0), linked: target)
    }
}

extension FileTree {
    init(_ items: [TreeItem]) {
        self.init()
        for item in items {
            let path = EntryPath(item.path)!
            var parent = FileTree.root
            for component in path.parent?.components ?? [] {
                parent =
                    child(component, of: parent)
                    ?? add(Node(kind: .directory, mode: 0o755), named: component, to: parent)
            }
            if let target = item.linked {
                link(node(at: EntryPath(target)!)!, named: path.name, to: parent)
            } else {
                add(item.node, named: path.name, to: parent)
            }
        }
    }
}

extension FileTree.Node {
    /// `file 644 0:0 "content"`, for comparison and for people.
    func line(content: (FileContent) -> String) -> String {
        let metadata = "\(String(mode, radix: 8)) \(uid):\(gid)"
        switch kind {
        case .file(let file): return "file \(metadata) \(content(file))"
        case .directory: return "directory \(metadata)"
        case .symbolicLink(let target): return "link \(uid):\(gid) -> \(String(decoding: target, as: UTF8.self))"
        case .characterDevice(let major, let minor): return "character \(metadata) \(major):\(minor)"
        case .blockDevice(let major, let minor): return "block \(metadata) \(major):\(minor)"
        case .fifo: return "fifo \(metadata)"
        }
    }

    /// The same where contents are in memory.
    var line: String {
        line { content in
            guard case .bytes(let bytes) = content.source else { return "?" }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
