internal import Archive
internal import Glibc
internal import OCI

/// Lays a tree out as an image and writes it.
///
/// A directory's children lie together, directories follow depth first: what is listed together is read together.
struct ErofsImage {
    /// Where an inode lies and where what belongs to it.
    private struct Place {
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

    private struct Directory {
        var node: Int32
        /// Rows of `children`.
        var children: Range<Int>
        var fullBlocks: UInt32
        var links: UInt32
    }

    private static let ownEntry: Int32 = -1
    private static let parentEntry: Int32 = -2

    private let tree: ErofsTree
    private var places: [Place]
    /// Inodes in the order they lie in the image.
    private var order: [Int32] = []
    private var directories: [Directory] = []
    /// The names of all directories, each directory's in order, `.` and `..` among them.
    private var children: [Int32] = []
    private var sparse: [SparseMap] = []
    private var attributes: [Int32: AttributeBody] = [:]
    private var cursor = Erofs.inodeAreaOffset
    private var impliesDirectories = false
    /// One inode serves all whiteouts: they differ in nothing.
    private var whiteoutLinks: UInt32 = 0
    private var sparseTableBytes = 0

    static func encode(_ tree: ErofsTree, tarSize: Int64, diffID: DiffID) throws -> [UInt8] {
        var image = ErofsImage(tree)
        try image.layOut()
        return try image.write(tarSize: tarSize, diffID: diffID)
    }

    private init(_ tree: ErofsTree) {
        self.tree = tree
        // One more than the tree's: the whiteout.
        places = Array(repeating: Place(), count: tree.inodes.count + 1)
        order.reserveCapacity(tree.inodes.count)
        children.reserveCapacity(tree.nodes.count + tree.nodes.count / 4)
    }

    private var whiteoutInode: Int32 { Int32(tree.inodes.count) }

    /// The inode a listed node shows; nil for names that vanished.
    private func inode(of node: Int32) -> Int32? {
        let row = tree.nodes[Int(node)]
        if row.inode >= 0 { return row.inode }
        return row.isWhitedOut ? whiteoutInode : nil
    }

    private func type(of inode: Int32) -> Erofs.FileType {
        inode == whiteoutInode ? .characterDevice : tree.inodes[Int(inode)].type
    }

    // MARK: Layout

    private mutating func layOut() throws {
        let root = tree.nodes[0].inode
        layOutDirectory(ErofsTree.root, root)
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

    private mutating func layOutDirectory(_ node: Int32, _ inode: Int32) {
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
        let isOpaque = row.hidesLower && node != ErofsTree.root
        setAttributes(inode, isOpaque: isOpaque, hasWhiteouts: hasWhiteouts)
        if tree.inodes[Int(inode)].entry < 0, node != ErofsTree.root { impliesDirectories = true }

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

    private func nameLength(_ node: Int32) -> Int {
        switch node {
        case Self.ownEntry: 1
        case Self.parentEntry: 2
        default: Int(tree.nodes[Int(node)].nameLength)
        }
    }

    private mutating func layOutLink(_ inode: Int32) {
        setAttributes(inode)
        guard case .symbolicLink(let target) = tree.entries[Int(tree.inodes[Int(inode)].entry)].kind else { return }
        places[Int(inode)].size = UInt64(target.count)
        if target.count <= Erofs.blockSize - Erofs.inodeSize {
            places[Int(inode)].layout = .inline
            places[Int(inode)].tail = UInt16(target.count)
        }
    }

    private mutating func layOutFile(_ inode: Int32) throws(StorageError) {
        setAttributes(inode)
        let entry = tree.entries[Int(tree.inodes[Int(inode)].entry)]
        guard case .file(let size, _, let segments) = entry.kind else { return }
        places[Int(inode)].size = UInt64(size)
        guard let segments, size > 0 else { return }
        let map = SparseMap(segments, size: size)
        sparseTableBytes += map.chunkCount * 8
        guard map.chunkCount <= SparseMap.maximumTableBytes / 8, sparseTableBytes <= SparseMap.maximumTableBytes else {
            throw refusal(of: entry, "the sparse files of this layer need an index of more than "
                + "\(SparseMap.maximumTableBytes >> 20) MiB")
        }
        places[Int(inode)].layout = .chunked
        places[Int(inode)].row = Int32(sparse.count)
        sparse.append(map)
    }

    private mutating func setAttributes(_ inode: Int32, isOpaque: Bool = false, hasWhiteouts: Bool = false) {
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
    private mutating func place(_ inode: Int32) throws(StorageError) {
        order.append(inode)
        let head = Erofs.inodeSize + Int(places[Int(inode)].attributeBytes)
        if let body = attributes[inode], !body.fits {
            let path = tree.inodes[Int(inode)].entry
            throw StorageError(
                .invalidLayer, "cannot index layer entry `\(path >= 0 ? tree.entries[Int(path)].path : .root)`: "
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

    private mutating func assignBlocks() {
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

    // MARK: Writing

    private func write(tarSize: Int64, diffID: DiffID) throws -> [UInt8] {
        let size = cursor.roundedUp(to: Erofs.imageAlignment)
        let blocks = size / Erofs.blockSize
        let tarBlocks = (tarSize + Int64(Erofs.blockSize) - 1) / Int64(Erofs.blockSize)
        guard Int64(blocks) + tarBlocks <= Int64(UInt32.max) else {
            throw StorageError(.limit, "cannot index layer \(diffID): \(tarSize) bytes are more than EROFS addresses")
        }
        var image = [UInt8](repeating: 0, count: size)
        image.withUnsafeMutableBytes { image in
            for inode in order { write(inode, tarAt: UInt32(blocks), to: image) }
            var superblock = Superblock(diffID: diffID)
            superblock.rootPosition = places[Int(tree.nodes[0].inode)].position
            superblock.inodeCount = order.count
            superblock.imageBlocks = UInt32(blocks)
            superblock.tarBlocks = UInt32(tarBlocks)
            superblock.hasChunks = !sparse.isEmpty
            superblock.impliesDirectories = impliesDirectories
            superblock.hidesLowerLayers = tree.nodes[0].isOpaque
            superblock.write(to: image)
        }
        Superblock.seal(&image)
        return image
    }

    private func write(_ inode: Int32, tarAt tarBlock: UInt32, to image: UnsafeMutableRawBufferPointer) {
        let place = places[Int(inode)]
        let at = place.position
        let type = type(of: inode)
        let body = attributes[inode]
        image.store(UInt16(1) | place.layout.rawValue << 1, at: at)
        image.store(body?.count ?? 0, at: at + 2)
        image.store(place.size, at: at + 8)
        image.store(UInt32(at / Erofs.inodeSlot), at: at + 20)
        guard inode != whiteoutInode else {
            image.store(UInt16(S_IFCHR), at: at + 4)
            image.store(whiteoutLinks, at: at + 44)
            return
        }
        let row = tree.inodes[Int(inode)]
        image.store(row.mode | type.modeBits, at: at + 4)
        image.store(row.uid, at: at + 24)
        image.store(row.gid, at: at + 28)
        image.store(UInt64(bitPattern: row.modified.seconds), at: at + 32)
        image.store(row.modified.nanoseconds, at: at + 40)
        image.store(type == .directory ? directories[Int(place.row)].links : row.links, at: at + 44)
        body?.write(to: image, at: at + Erofs.inodeSize)
        let tail = at + Erofs.inodeSize + Int(place.attributeBytes)

        switch row.entry >= 0 ? tree.entries[Int(row.entry)].kind : .directory {
        case .file(let size, let offset, _):
            if place.layout == .chunked {
                let map = sparse[Int(place.row)]
                // Entries of eight bytes, which can name a device.
                image.store(UInt32(map.chunkBits - Erofs.blockBits) | 0x20, at: at + 16)
                write(map, to: image, at: tail.roundedUp(to: 8))
            } else {
                image.store(size == 0 ? 0 : tarBlock + UInt32(offset >> Int64(Erofs.blockBits)), at: at + 16)
            }
        case .directory:
            image.store(place.startBlock, at: at + 16)
            write(directories[Int(place.row)], place, inode, tail: tail, to: image)
        case .symbolicLink(let target):
            image.store(place.startBlock, at: at + 16)
            let start = place.layout == .inline ? tail : Int(place.startBlock) * Erofs.blockSize
            image.store(target, at: start)
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            image.store(minor & 0xff | major << 8 | (minor & ~0xff) << 12, at: at + 16)
        case .fifo, .hardLink: break
        }
    }

    private func write(_ map: SparseMap, to image: UnsafeMutableRawBufferPointer, at start: Int) {
        for chunk in 0..<map.chunkCount { image.store(UInt32.max, at: start + chunk * 8 + 4) }
        map.forEachChunk { chunk, block in
            // The first and only further device.
            image.store(UInt16(1), at: start + chunk * 8 + 2)
            image.store(block, at: start + chunk * 8 + 4)
        }
    }

    private func write(
        _ directory: Directory, _ place: Place, _ inode: Int32, tail: Int, to image: UnsafeMutableRawBufferPointer
    ) {
        let parent = tree.nodes[Int(tree.nodes[Int(directory.node)].parent)].inode
        var first = directory.children.lowerBound
        var block = 0
        while first < directory.children.upperBound {
            var end = first
            var used = 0
            while end < directory.children.upperBound {
                let length = Erofs.directoryEntrySize + nameLength(children[end])
                if used + length > Erofs.blockSize { break }
                used += length
                end += 1
            }
            let isTail = place.layout == .inline && end == directory.children.upperBound
            let start = isTail ? tail : (Int(place.startBlock) + block) * Erofs.blockSize
            var name = Erofs.directoryEntrySize * (end - first)
            for index in first..<end {
                let node = children[index]
                let target: Int32
                switch node {
                case Self.ownEntry: target = inode
                case Self.parentEntry: target = parent
                default: target = self.inode(of: node) ?? whiteoutInode
                }
                let entry = start + Erofs.directoryEntrySize * (index - first)
                image.store(UInt64(places[Int(target)].position / Erofs.inodeSlot), at: entry)
                image.store(UInt16(name), at: entry + 8)
                image[entry + 10] = type(of: target).rawValue
                tree.writeName(node, to: image, at: start + name)
                name += nameLength(node)
            }
            first = end
            block += 1
        }
    }
}

extension Erofs.FileType {
    fileprivate var modeBits: UInt16 {
        switch self {
        case .regular: UInt16(S_IFREG)
        case .directory: UInt16(S_IFDIR)
        case .characterDevice: UInt16(S_IFCHR)
        case .blockDevice: UInt16(S_IFBLK)
        case .fifo: UInt16(S_IFIFO)
        case .symbolicLink: UInt16(S_IFLNK)
        }
    }
}

extension ErofsTree {
    /// The first eight bytes of a name, in an order that is the names' own.
    fileprivate func sortKey(of node: Int32) -> UInt64 {
        let row = nodes[Int(node)]
        let start = Int(row.nameStart)
        var key: UInt64 = 0
        for index in 0..<min(8, Int(row.nameLength)) { key |= UInt64(names[start + index]) << UInt64(56 - 8 * index) }
        return key
    }

    /// For names whose first eight bytes are equal.
    fileprivate func precedes(_ a: Int32, _ b: Int32) -> Bool {
        guard a >= 0, b >= 0 else { return a > b }
        let (a, b) = (nodes[Int(a)], nodes[Int(b)])
        let order = names.withUnsafeBytes { names in
            memcmp(
                names.baseAddress! + Int(a.nameStart), names.baseAddress! + Int(b.nameStart),
                Int(min(a.nameLength, b.nameLength)))
        }
        return order != 0 ? order < 0 : a.nameLength < b.nameLength
    }

    /// Negative nodes are `.` and `..`.
    fileprivate func writeName(_ node: Int32, to image: UnsafeMutableRawBufferPointer, at offset: Int) {
        if node < 0 {
            for index in 0..<Int(-node) { image[offset + index] = UInt8(ascii: ".") }
            return
        }
        let row = nodes[Int(node)]
        names.withUnsafeBytes { names in
            _ = memcpy(image.baseAddress! + offset, names.baseAddress! + Int(row.nameStart), Int(row.nameLength))
        }
    }
}

extension Int {
    func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}

extension UnsafeMutableRawBufferPointer {
    /// Stores an integer little endian, at any offset.
    func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    func store(_ bytes: some Collection<UInt8>, at offset: Int) {
        UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + bytes.count]).copyBytes(from: bytes)
    }
}
