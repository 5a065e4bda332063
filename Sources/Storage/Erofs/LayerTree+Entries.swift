internal import Archive

// How entries become nodes and inodes.
extension LayerTree {
    mutating func addEntries() throws {
        nodes[0].inode = try makeImpliedDirectory(.root, lower: below?.node(at: .root) ?? .absent)
        for index in entries.indices { try add(Int32(index)) }
    }

    mutating func add(_ index: Int32) throws {
        let entry = entries[Int(index)]
        if entry.path.isRoot {
            guard entry.isDirectory else { throw refusal(of: entry, "the root of a layer is a directory") }
            inodes[Int(nodes[0].inode)] = inode(of: entry, index, .directory)
            return
        }
        let (parentEnd, nameStart) = Self.split(entry.path.bytes)
        guard
            let parent = try entry.path.bytes.withUnsafeBytes({ bytes in
                try directory(UnsafeRawBufferPointer(rebasing: bytes[..<parentEnd]), for: entry)
            })
        else { return }
        let name = entry.path.bytes[nameStart...]
        if hasWhiteouts, name.starts(with: Whiteout.prefix) {
            try addWhiteout(name, in: parent, entry)
        } else if case .hardLink(let target) = entry.kind {
            try addLink(name, in: parent, to: target, entry)
        } else {
            try addFile(name, in: parent, index, entry)
        }
    }

    mutating func addWhiteout(_ name: ArraySlice<UInt8>, in parent: Int32, _ entry: TarEntry) throws {
        if name.elementsEqual(Whiteout.opaque) {
            nodes[Int(parent)].isOpaque = true
            return
        }
        if name.starts(with: Whiteout.metadataPrefix) { return }
        let hidden = name.dropFirst(Whiteout.prefix.count)
        if hidden.isEmpty || hidden.elementsEqual(".".utf8) || hidden.elementsEqual("..".utf8) {
            throw refusal(of: entry, "it is a whiteout of no name")
        }
        nodes[Int(try ensureNode(hidden, in: parent, entry))].isWhitedOut = true
    }

    mutating func addLink(
        _ name: ArraySlice<UInt8>, in parent: Int32, to target: EntryPath, _ entry: TarEntry
    ) throws {
        guard let source = try existing(target, for: entry), nodes[Int(source)].inode >= 0 else {
            throw refusal(of: entry, "it is a hard link to `\(target)`, which the archive does not hold before it")
        }
        let inode = nodes[Int(source)].inode
        guard inodes[Int(inode)].type != .directory else {
            throw refusal(of: entry, "it is a hard link to the directory `\(target)`")
        }
        let node = try ensureNode(name, in: parent, entry)
        if node == source { return }
        inodes[Int(inode)].links += 1
        drop(node)
        nodes[Int(node)].inode = inode
    }

    mutating func addFile(
        _ name: ArraySlice<UInt8>, in parent: Int32, _ index: Int32, _ entry: TarEntry
    ) throws {
        let type = try check(entry)
        let node = try ensureNode(name, in: parent, entry)
        let old = nodes[Int(node)].inode
        if old >= 0, type == .directory, inodes[Int(old)].type == .directory {
            inodes[Int(old)] = inode(of: entry, index, .directory)
            impliedAttributes[old] = nil
            return
        }
        // A directory after a file of its name does not merge with what lower layers have there.
        if old >= 0, type == .directory { nodes[Int(node)].isWhitedOut = true }
        drop(node)
        nodes[Int(node)].inode = Int32(inodes.count)
        inodes.append(inode(of: entry, index, type))
    }

    func inode(of entry: TarEntry, _ index: Int32, _ type: Erofs.FileType) -> Inode {
        Inode(
            entry: index, type: type, mode: type == .symbolicLink ? 0o777 : entry.mode & 0o7777, uid: entry.uid,
            gid: entry.gid, modified: entry.modified)
    }

    /// What the entry is, once it is something the index can say.
    func check(_ entry: TarEntry) throws(StorageError) -> Erofs.FileType {
        switch entry.kind {
        case .file(let size, let offset, let segments):
            if let segments {
                try SparseMap.check(segments, size: size, tarSize: tarSize, entry)
            } else {
                guard size >= 0, offset >= 0, offset % Int64(Erofs.blockSize) == 0, offset <= tarSize,
                    size <= tarSize - offset
                else { throw refusal(of: entry, "its content does not lie within the archive") }
            }
            return .regular
        case .directory: return .directory
        case .symbolicLink(let target):
            guard !target.isEmpty, target.count <= Erofs.maximumLinkLength, !target.contains(0) else {
                throw refusal(of: entry, "no file system holds a link of \(target.count) bytes like this")
            }
            return .symbolicLink
        case .hardLink: preconditionFailure("hard links are nodes, not files")
        case .characterDevice(0, 0):
            throw refusal(of: entry, "a character device 0:0 would hide what lower layers have there")
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            guard major < 1 << 12, minor < 1 << 20 else {
                throw refusal(of: entry, "no kernel has a device \(major):\(minor)")
            }
            if case .blockDevice = entry.kind { return .blockDevice }
            return .characterDevice
        case .fifo: return .fifo
        }
    }
}

/// The names an archive hides lower layers with (image-spec 1.1, layer.md, "Whiteouts").
enum Whiteout {
    static let prefix = Array(".wh.".utf8)
    static let opaque = Array(".wh..wh..opq".utf8)
    /// Other marks of AUFS, which mean nothing elsewhere.
    static let metadataPrefix = Array(".wh..wh.".utf8)
}

func refusal(of entry: TarEntry, _ reason: String) -> StorageError {
    StorageError(.invalidLayer, "cannot index layer entry `\(entry.path)`: \(reason)")
}
