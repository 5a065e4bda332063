package import Archive
import Linux
package import OCI
package import SystemPackage

/// A tree of files held in memory without their contents: what a stack of layers shows when mounted, or what a build
/// context offers. COPY selects from such trees and finds its destination in them, so no mount is needed to copy.
///
/// A value: changing a copy leaves the original as it was.
package struct FileTree: Sendable {
    /// A file of the tree. Hard links are several names of one node.
    package struct Node: Hashable, Sendable {
        package var kind: Kind
        /// The twelve permission bits.
        package var mode: UInt16
        package var uid: UInt32
        package var gid: UInt32
        package var modified: Timestamp
        package var attributes: [ExtendedAttribute]

        package init(
            kind: Kind, mode: UInt16, uid: UInt32 = 0, gid: UInt32 = 0, modified: Timestamp = Timestamp(seconds: 0),
            attributes: [ExtendedAttribute] = []
        ) {
            self.kind = kind
            self.mode = mode
            self.uid = uid
            self.gid = gid
            self.modified = modified
            self.attributes = attributes
        }

        package var isDirectory: Bool { kind == .directory }
    }

    package enum Kind: Hashable, Sendable {
        case file(FileContent)
        case directory
        case symbolicLink([UInt8])
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// A node of this tree; identity is stable as long as the tree only grows.
    package struct NodeID: Hashable, Sendable {
        fileprivate let index: Int32
    }

    private struct Slot: Sendable {
        var node: Node
        var children: [ArraySlice<UInt8>: NodeID]
    }

    private var slots: [Slot]

    package static let root = NodeID(index: 0)

    /// An empty tree: a root directory of mode 0755.
    package init() {
        slots = [Slot(node: Node(kind: .directory, mode: 0o755), children: [:])]
    }

    package subscript(id: NodeID) -> Node {
        get { slots[Int(id.index)].node }
        set { slots[Int(id.index)].node = newValue }
    }

    package var count: Int { slots.count }

    package func child(_ name: ArraySlice<UInt8>, of id: NodeID) -> NodeID? { slots[Int(id.index)].children[name] }

    /// Names in bytewise order.
    package func children(of id: NodeID) -> [(name: ArraySlice<UInt8>, id: NodeID)] {
        slots[Int(id.index)].children.map { (name: $0.key, id: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    package func hasChildren(_ id: NodeID) -> Bool { !slots[Int(id.index)].children.isEmpty }

    /// The node at `path`, no symbolic link followed.
    package func node(at path: EntryPath) -> NodeID? {
        var id = Self.root
        for component in path.components {
            guard let next = child(component, of: id) else { return nil }
            id = next
        }
        return id
    }

    /// Adds a node under `name`; one that is there is replaced, with everything below it.
    @discardableResult
    package mutating func add(_ node: Node, named name: some Collection<UInt8>, to parent: NodeID) -> NodeID {
        let id = NodeID(index: Int32(slots.count))
        slots.append(Slot(node: node, children: [:]))
        slots[Int(parent.index)].children[ArraySlice(Array(name))] = id
        return id
    }

    /// Gives an existing node a further name.
    package mutating func link(_ id: NodeID, named name: some Collection<UInt8>, to parent: NodeID) {
        slots[Int(parent.index)].children[ArraySlice(Array(name))] = id
    }

    package mutating func remove(_ name: ArraySlice<UInt8>, from parent: NodeID) {
        slots[Int(parent.index)].children[name] = nil
    }

    package mutating func removeChildren(of id: NodeID) {
        slots[Int(id.index)].children = [:]
    }

    /// Every node below `start`, a directory before what it holds, in bytewise order of the whole path.
    package func walk(
        from start: NodeID = root, at path: EntryPath = .root, _ visit: (EntryPath, NodeID) throws -> Void
    ) rethrows {
        var found: [(path: EntryPath, id: NodeID)] = []
        var pending = [(path, start)]
        while let (path, id) = pending.popLast() {
            for (name, child) in slots[Int(id.index)].children {
                let below = path.appending(name)
                found.append((below, child))
                if slots[Int(child.index)].node.isDirectory { pending.append((below, child)) }
            }
        }
        found.sort { $0.path < $1.path }
        for (path, id) in found { try visit(path, id) }
    }
}

/// Where a file's bytes are, and how many.
package struct FileContent: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// In a layer's tar, from a byte on; a sparse file's stored pieces where `segments` says.
        case layer(DiffID, offset: Int64, segments: [TarEntry.Segment]?)
        /// Known to the context the tree belongs to by this number.
        case context(Int)
        case bytes([UInt8])
    }

    package var size: Int64
    package var source: Source

    package init(size: Int64, source: Source) {
        self.size = size
        self.source = source
    }
}

extension FileTree {
    /// Takes out the directories below `id` that `isExcluded` names and that hold nothing, innermost first.
    package mutating func removeEmptyDirectories(
        below id: NodeID = root, at path: EntryPath = .root, where isExcluded: (EntryPath) -> Bool
    ) {
        var directories: [(path: EntryPath, parent: NodeID, id: NodeID)] = []
        var pending = [(path, id)]
        while let (path, id) = pending.popLast() {
            for (name, child) in slots[Int(id.index)].children where self[child].isDirectory {
                directories.append((path.appending(name), id, child))
                pending.append((path.appending(name), child))
            }
        }
        for directory in directories.reversed() where !hasChildren(directory.id) && isExcluded(directory.path) {
            remove(directory.path.name, from: directory.parent)
        }
    }
}

extension FilePath {
    /// The same bytes, relative.
    package init(_ path: EntryPath) {
        self.init(platformString: path.bytes.zeroTerminated)
    }
}
