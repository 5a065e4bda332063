internal import Archive

/// The tree an archive describes, with overlayfs's marks instead of an archive's whiteouts. What is mounted and what is
/// unpacked is this tree.
///
/// Nodes are names, inodes are files; a hard link is a second node of one inode. Both are rows of arrays and never
/// freed: a node without an inode is a name that vanished again, or a whiteout.
struct LayerTree {
    struct Node {
        var parent: Int32
        var firstChild: Int32 = -1
        var lastChild: Int32 = -1
        var nextSibling: Int32 = -1
        var nameStart: UInt32
        var inode: Int32 = -1
        var hashNext: Int32
        var hash: Int32
        var nameLength: UInt8
        /// Whether the parent's list of children holds it.
        var isListed = false
        /// A whiteout names it: what lower layers have there is hidden.
        var isWhitedOut = false
        /// An opaque mark stands in it: what lower layers have below is hidden.
        var isOpaque = false

        var hidesLower: Bool { isWhitedOut || isOpaque }
        var nameRange: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameLength) }
    }

    struct Inode {
        /// The row of `entries` it comes from; negative for implied directories and whiteouts.
        var entry: Int32
        var type: Erofs.FileType
        /// The twelve permission bits.
        var mode: UInt16 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var links: UInt32 = 1
        var modified = Timestamp(seconds: 0)
    }

    let entries: [TarEntry]
    let tarSize: Int64
    let below: (any LowerTree)?
    /// Whether names that begin with `.wh.` are what layers mean by them, or names like any other.
    let hasWhiteouts: Bool

    var nodes: [Node] = []
    var inodes: [Inode] = []
    /// All names, one after the other.
    var names: [UInt8] = []
    /// Attributes of implied directories, which come from the layers below.
    var impliedAttributes: [Int32: [ExtendedAttribute]] = [:]

    var buckets: [Int32]
    /// The directory of the entry before, and the node at each of its components: archives come in order.
    var lastDirectory: [UInt8] = []
    var lastNodes: [(end: Int, node: Int32)] = []

    static let root: Int32 = 0
    static let slash = UInt8(ascii: "/")
    /// As many links as the kernel follows.
    static let maximumLinks = 40

    init(entries: [TarEntry], tarSize: Int64, below: (any LowerTree)?, hasWhiteouts: Bool = true) {
        self.entries = entries
        self.hasWhiteouts = hasWhiteouts
        self.tarSize = tarSize
        self.below = below
        buckets = Array(repeating: -1, count: max(64, (entries.count * 2).nextPowerOfTwo))
        nodes.reserveCapacity(entries.count + 1)
        inodes.reserveCapacity(entries.count + 1)
        nodes.append(Node(parent: 0, nameStart: 0, hashNext: -1, hash: 0, nameLength: 0))
    }

    /// Takes what is under a name away, with everything below it.
    mutating func drop(_ node: Int32) {
        guard nodes[Int(node)].inode >= 0 else { return }
        var pending = [node]
        while let next = pending.popLast() {
            let inode = nodes[Int(next)].inode
            if inode < 0 { continue }
            nodes[Int(next)].inode = -1
            guard inodes[Int(inode)].type == .directory else {
                inodes[Int(inode)].links -= 1
                continue
            }
            lastNodes = []
            nodes[Int(next)].isOpaque = false
            var child = nodes[Int(next)].firstChild
            nodes[Int(next)].firstChild = -1
            nodes[Int(next)].lastChild = -1
            while child >= 0 {
                let sibling = nodes[Int(child)].nextSibling
                nodes[Int(child)].nextSibling = -1
                nodes[Int(child)].isListed = false
                nodes[Int(child)].isWhitedOut = false
                pending.append(child)
                child = sibling
            }
        }
    }

    func hash(_ name: UnsafeRawBufferPointer, _ parent: Int32) -> Int32 {
        // Seeded for each process: nobody can make names that collide.
        var hasher = Hasher()
        hasher.combine(parent)
        hasher.combine(bytes: name)
        return Int32(truncatingIfNeeded: hasher.finalize())
    }

    func find(_ name: UnsafeRawBufferPointer, in parent: Int32, hash: Int32) -> Int32 {
        var candidate = buckets[Int(UInt32(bitPattern: hash)) & (buckets.count - 1)]
        while candidate >= 0 {
            let node = nodes[Int(candidate)]
            if node.hash == hash, node.parent == parent, node.nameRange.count == name.count,
                self.name(of: node, is: name)
            {
                break
            }
            candidate = node.hashNext
        }
        return candidate
    }

    func name(of node: Node, is name: UnsafeRawBufferPointer) -> Bool {
        names.withUnsafeBytes { names in
            UnsafeRawBufferPointer(rebasing: names[node.nameRange]).elementsEqual(name)
        }
    }

    /// The node of a name, made and listed in its directory if need be.
    mutating func ensureNode(
        _ name: ArraySlice<UInt8>, in parent: Int32, _ entry: TarEntry
    ) throws(StorageError) -> Int32 {
        guard name.count <= Erofs.maximumNameLength else {
            throw refusal(of: entry, "a name of \(name.count) bytes; file systems hold \(Erofs.maximumNameLength)")
        }
        let hash = name.withUnsafeBytes { self.hash($0, parent) }
        var node = name.withUnsafeBytes { find($0, in: parent, hash: hash) }
        if node < 0 {
            if nodes.count >= buckets.count { rehash() }
            node = Int32(nodes.count)
            let bucket = Int(UInt32(bitPattern: hash)) & (buckets.count - 1)
            nodes.append(
                Node(
                    parent: parent, nameStart: UInt32(names.count), hashNext: buckets[bucket], hash: hash,
                    nameLength: UInt8(name.count)))
            names.append(contentsOf: name)
            buckets[bucket] = node
        }
        if !nodes[Int(node)].isListed {
            nodes[Int(node)].isListed = true
            let last = nodes[Int(parent)].lastChild
            if last < 0 { nodes[Int(parent)].firstChild = node } else { nodes[Int(last)].nextSibling = node }
            nodes[Int(parent)].lastChild = node
        }
        return node
    }

    mutating func rehash() {
        buckets = Array(repeating: -1, count: buckets.count * 2)
        for index in nodes.indices.dropFirst() {
            let bucket = Int(UInt32(bitPattern: nodes[index].hash)) & (buckets.count - 1)
            nodes[index].hashNext = buckets[bucket]
            buckets[bucket] = Int32(index)
        }
    }

    /// Where the parent's path ends and the last name starts.
    static func split(_ path: [UInt8]) -> (parentEnd: Int, nameStart: Int) {
        guard let last = path.lastIndex(of: slash) else { return (0, 0) }
        return (last, last + 1)
    }

    func name(of node: Int32) -> [UInt8] {
        Array(names[nodes[Int(node)].nameRange])
    }

    func path(of node: Int32) -> EntryPath {
        var components: [ArraySlice<UInt8>] = []
        var node = node
        while node != Self.root {
            let row = nodes[Int(node)]
            components.append(names[row.nameRange])
            node = row.parent
        }
        return EntryPath(unchecked: Array(components.reversed().joined(separator: [Self.slash])))
    }
}

/// What a stack must know of one of its layers.
struct LayerMarks: Hashable, Sendable {
    /// The archive has entries below directories it has no entry for: what those are depends on the layers below.
    var impliesDirectories = false
    /// The root is opaque: nothing of the layers below shows.
    var hidesLowerLayers = false
    /// The archive has an entry for the root; without one the root is as the layers below have it.
    var describesRoot = false
}

extension LayerTree {
    var marks: LayerMarks {
        LayerMarks(
            impliesDirectories: nodes.dropFirst().contains { node in
                node.inode >= 0 && inodes[Int(node.inode)].entry < 0 && !node.isWhitedOut && showsLower(node.parent)
            },
            hidesLowerLayers: nodes[0].isOpaque,
            describesRoot: inodes[Int(nodes[0].inode)].entry >= 0)
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
