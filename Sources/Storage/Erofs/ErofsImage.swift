internal import Archive
internal import Glibc
internal import OCI

/// Lays a tree out as an image and writes it.
///
/// A directory's children lie together, directories follow depth first: what is listed together is read together.
struct ErofsImage {
    /// Where an inode lies and where what belongs to it.
    struct Place {
        /// From the start of the image; 0 until placed.
        var position = 0
        var size: UInt64 = 0
        /// Of the primary image; files of the tar have none.
        var startBlock: UInt32 = 0
        var attributeBytes: UInt32 = 0
        var tail: UInt16 = 0
        var layout = Erofs.DataLayout.plain
        /// Row of `directories` or `sparse`.
        var row: Int32 = -1
    }

    struct Directory {
        var node: Int32
        /// Rows of `children`.
        var children: Range<Int>
        var fullBlocks: UInt32
        var links: UInt32
    }

    static let ownEntry: Int32 = -1
    static let parentEntry: Int32 = -2

    let tree: LayerTree
    var places: [Place]
    /// Inodes in the order they lie in the image.
    var order: [Int32] = []
    var directories: [Directory] = []
    /// The names of all directories, each directory's in order, `.` and `..` among them.
    var children: [Int32] = []
    var sparse: [SparseMap] = []
    var attributes: [Int32: AttributeBody] = [:]
    var cursor = Erofs.inodeAreaOffset
    /// One inode serves all whiteouts: they differ in nothing.
    var whiteoutLinks: UInt32 = 0
    var sparseTableBytes = 0

    static func encode(_ tree: LayerTree, tarSize: Int64, diffID: DiffID) throws -> [UInt8] {
        var image = ErofsImage(tree)
        try image.layOut()
        return try image.write(tarSize: tarSize, diffID: diffID)
    }

    init(_ tree: LayerTree) {
        self.tree = tree
        // One more than the tree's: the whiteout.
        places = Array(repeating: Place(), count: tree.inodes.count + 1)
        order.reserveCapacity(tree.inodes.count)
        children.reserveCapacity(tree.nodes.count + tree.nodes.count / 4)
    }

    var whiteoutInode: Int32 { Int32(tree.inodes.count) }

    /// The inode a listed node shows; nil for names that vanished.
    func inode(of node: Int32) -> Int32? {
        let row = tree.nodes[Int(node)]
        if row.inode >= 0 { return row.inode }
        return row.isWhitedOut ? whiteoutInode : nil
    }

    func type(of inode: Int32) -> Erofs.FileType {
        inode == whiteoutInode ? .characterDevice : tree.inodes[Int(inode)].type
    }

    mutating func layOut() throws {
        let root = tree.nodes[0].inode
        layOutDirectory(LayerTree.root, root)
        try place(root)
        var pending: [Int32] = [0]
        while let next = pending.popLast() {
            let firstBelow = directories.count
            for child in directories[Int(next)].children {
                let node = children[child]
                guard node >= 0, let inode = inode(of: node), places[Int(inode)].position == 0 else { continue }
                switch type(of: inode) {
                case .directory: layOutDirectory(node, inode)
                case .symbolicLink: layOutLink(inode)
                case .regular: try layOutFile(inode)
                default: setAttributes(inode)
                }
                try place(inode)
            }
            pending.append(contentsOf: (firstBelow..<directories.count).reversed().map(Int32.init))
        }
        assignBlocks()
    }

    mutating func layOutDirectory(_ node: Int32, _ inode: Int32) {
        var names: [(key: UInt64, node: Int32)] = [
            (UInt64(UInt8(ascii: ".")) << 56, Self.ownEntry), (UInt64(0x2e2e) << 48, Self.parentEntry),
        ]
        var subdirectories: UInt32 = 0
        var hasWhiteouts = false
        var child = tree.nodes[Int(node)].firstChild
        while child >= 0 {
            if let inode = self.inode(of: child) {
                names.append((tree.sortKey(of: child), child))
                if inode == whiteoutInode {
                    hasWhiteouts = true
                    whiteoutLinks += 1
                } else if type(of: inode) == .directory {
                    subdirectories += 1
                }
            }
            child = tree.nodes[Int(child)].nextSibling
        }
        // Stable for what archives usually are: sorted but for the two names put first.
        names.sort { a, b in a.key != b.key ? a.key < b.key : tree.precedes(a.node, b.node) }

        let firstChild = children.count
        var fullBlocks: UInt32 = 0
        var used = 0
        for (_, node) in names {
            children.append(node)
            let length = Erofs.directoryEntrySize + nameLength(node)
            if used + length > Erofs.blockSize {
                fullBlocks += 1
                used = 0
            }
            used += length
        }
        let row = tree.nodes[Int(node)]
        let isOpaque = row.hidesLower && node != LayerTree.root
        setAttributes(inode, isOpaque: isOpaque, hasWhiteouts: hasWhiteouts)

        places[Int(inode)].size = UInt64(fullBlocks) * UInt64(Erofs.blockSize) + UInt64(used)
        places[Int(inode)].row = Int32(directories.count)
        if used <= Erofs.blockSize - Erofs.inodeSize {
            places[Int(inode)].layout = .inline
            places[Int(inode)].tail = UInt16(used)
        } else {
            fullBlocks += 1
        }
        directories.append(
            Directory(
                node: node, children: firstChild..<children.count, fullBlocks: fullBlocks, links: 2 + subdirectories))
    }

    func nameLength(_ node: Int32) -> Int {
        switch node {
        case Self.ownEntry: 1
        case Self.parentEntry: 2
        default: Int(tree.nodes[Int(node)].nameLength)
        }
    }

    mutating func layOutLink(_ inode: Int32) {
        setAttributes(inode)
        guard case .symbolicLink(let target) = tree.entries[Int(tree.inodes[Int(inode)].entry)].kind else { return }
        places[Int(inode)].size = UInt64(target.count)
        if target.count <= Erofs.blockSize - Erofs.inodeSize {
            places[Int(inode)].layout = .inline
            places[Int(inode)].tail = UInt16(target.count)
        }
    }

    mutating func layOutFile(_ inode: Int32) throws(StorageError) {
        setAttributes(inode)
        let entry = tree.entries[Int(tree.inodes[Int(inode)].entry)]
        guard case .file(let size, _, let segments) = entry.kind else { return }
        places[Int(inode)].size = UInt64(size)
        guard let segments, size > 0 else { return }
        let map = SparseMap(segments, size: size)
        sparseTableBytes += map.chunkCount * 8
        guard map.chunkCount <= SparseMap.maximumTableBytes / 8, sparseTableBytes <= SparseMap.maximumTableBytes else {
            throw refusal(
                of: entry,
                "the sparse files of this layer need an index of more than "
                    + "\(SparseMap.maximumTableBytes >> 20) MiB")
        }
        places[Int(inode)].layout = .chunked
        places[Int(inode)].row = Int32(sparse.count)
        sparse.append(map)
    }

    mutating func setAttributes(_ inode: Int32, isOpaque: Bool = false, hasWhiteouts: Bool = false) {
        if inode == whiteoutInode { return }
        let entry = tree.inodes[Int(inode)].entry
        let own = entry >= 0 ? tree.entries[Int(entry)].attributes : tree.impliedAttributes[inode] ?? []
        if own.isEmpty, !isOpaque, !hasWhiteouts { return }
        let body = AttributeBody(own, isOpaque: isOpaque, hasWhiteouts: hasWhiteouts)
        if body.isEmpty { return }
        places[Int(inode)].attributeBytes = UInt32(body.size)
        attributes[inode] = body
    }

    /// Gives the inode its place, and what must follow it directly.
    mutating func place(_ inode: Int32) throws(StorageError) {
        order.append(inode)
        let head = Erofs.inodeSize + Int(places[Int(inode)].attributeBytes)
        if let body = attributes[inode], !body.fits {
            let path = tree.inodes[Int(inode)].entry
            throw StorageError(
                .invalidLayer,
                "cannot index layer entry `\(path >= 0 ? tree.entries[Int(path)].path : .root)`: "
                    + "\(body.size) bytes of extended attributes, or one that is too long")
        }
        cursor = cursor.roundedUp(to: Erofs.inodeSlot)
        let tail = Int(places[Int(inode)].tail)
        // A tail lies within one block, with as much of its inode before it as the block leaves room for.
        while places[Int(inode)].layout == .inline, (cursor + head) % Erofs.blockSize + tail > Erofs.blockSize {
            cursor += Erofs.inodeSlot
        }
        places[Int(inode)].position = cursor
        cursor += head + tail
        if places[Int(inode)].layout == .chunked {
            cursor = cursor.roundedUp(to: 8) + sparse[Int(places[Int(inode)].row)].chunkCount * 8
        }
    }

    mutating func assignBlocks() {
        var block = UInt32(cursor.roundedUp(to: Erofs.blockSize) / Erofs.blockSize)
        for inode in order {
            let count: UInt32
            switch type(of: inode) {
            case .directory: count = directories[Int(places[Int(inode)].row)].fullBlocks
            case .symbolicLink where places[Int(inode)].layout == .plain:
                count = UInt32((Int(places[Int(inode)].size) + Erofs.blockSize - 1) / Erofs.blockSize)
            default: continue
            }
            if count == 0 { continue }
            places[Int(inode)].startBlock = block
            block += count
        }
        cursor = Int(block) * Erofs.blockSize
    }
}
