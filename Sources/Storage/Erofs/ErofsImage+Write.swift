internal import Archive
internal import Glibc
internal import OCI

extension ErofsImage {
    func write(tarSize: Int64, diffID: DiffID) throws -> [UInt8] {
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
            superblock.marks = tree.marks
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

extension LayerTree {
    /// The first eight bytes of a name, in an order that is the names' own.
    func sortKey(of node: Int32) -> UInt64 {
        let row = nodes[Int(node)]
        let start = Int(row.nameStart)
        var key: UInt64 = 0
        for index in 0..<min(8, Int(row.nameLength)) { key |= UInt64(names[start + index]) << UInt64(56 - 8 * index) }
        return key
    }

    /// For names whose first eight bytes are equal.
    func precedes(_ a: Int32, _ b: Int32) -> Bool {
        guard a >= 0, b >= 0 else { return a > b }
        let (a, b) = (nodes[Int(a)], nodes[Int(b)])
        return names.withUnsafeBytes { names in
            UnsafeRawBufferPointer(rebasing: names[a.nameRange]).lexicographicallyPrecedes(
                UnsafeRawBufferPointer(rebasing: names[b.nameRange]))
        }
    }

    /// Negative nodes are `.` and `..`.
    fileprivate func writeName(_ node: Int32, to image: UnsafeMutableRawBufferPointer, at offset: Int) {
        if node < 0 {
            for index in 0..<Int(-node) { image[offset + index] = UInt8(ascii: ".") }
            return
        }
        let range = nodes[Int(node)].nameRange
        names.withUnsafeBytes { names in
            UnsafeMutableRawBufferPointer(rebasing: image[offset..<offset + range.count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: names[range]))
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
