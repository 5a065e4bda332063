internal import Archive
internal import Glibc
internal import Linux

/// Writes a layer's tree below a directory. Every name is made anew in a directory that was made just before, and none
/// is followed: whatever the archive says, nothing outside is touched.
struct TreeUnpacking {
    private let tree: LayerTree
    private let tar: SharedDescriptor
    private let root: DescriptorTree
    /// A name of each inode with several: what further links are made from.
    private var linkSources: [Int32: Int32] = [:]

    /// `directory` is empty.
    init(_ tree: LayerTree, tar: SharedDescriptor, below directory: SharedDescriptor) {
        self.tree = tree
        self.tar = tar
        root = DescriptorTree(root: directory)
    }

    mutating func unpack() throws {
        // Directories get their times last, when nothing is put into them any more.
        var directories: [Int32] = []
        var pending: [Int32] = [LayerTree.root]
        while let node = pending.popLast() {
            directories.append(node)
            let directory = try open(node)
            var hasWhiteouts = false
            var child = tree.nodes[Int(node)].firstChild
            while child >= 0 {
                let row = tree.nodes[Int(child)]
                if row.inode >= 0 {
                    if try make(child, in: directory.rawValue) { pending.append(child) }
                } else if row.isWhitedOut {
                    hasWhiteouts = true
                    try FileCreation.make(
                        .characterDevice(major: 0, minor: 0), named: tree.name(of: child), in: directory.rawValue,
                        mode: 0)
                }
                child = row.nextSibling
            }
            try setMarks(of: node, directory.rawValue, hasWhiteouts: hasWhiteouts)
        }
        for node in directories.reversed() {
            let directory = try open(node)
            try setTime(of: tree.nodes[Int(node)].inode, directory.rawValue, [UInt8(ascii: ".")])
        }
    }

    private func open(_ node: Int32) throws -> SharedDescriptor {
        let path = tree.path(of: node)
        guard let directory = try root.open(path, flags: OpenFlags.directory) else {
            throw StorageError(.system, "cannot unpack `\(path)`: its directory has gone")
        }
        return directory
    }

    /// Whether it is a directory, to be filled.
    private mutating func make(_ node: Int32, in directory: CInt) throws -> Bool {
        let inode = tree.nodes[Int(node)].inode
        let name = tree.name(of: node)
        let row = tree.inodes[Int(inode)]
        if let source = linkSources[inode] {
            try link(source, to: node, name, in: directory)
            return false
        }
        if row.links > 1, row.type != .directory { linkSources[inode] = node }
        let text = { String(decoding: name, as: UTF8.self) }
        switch row.entry >= 0 ? tree.entries[Int(row.entry)].kind : .directory {
        case .directory:
            try FileCreation.make(.directory, named: name, in: directory)
        case .file(let size, let offset, let segments):
            let file = try FileCreation.makeFile(named: name, in: directory)
            let pieces = segments ?? [TarEntry.Segment(offset: 0, length: size, storedAt: offset)]
            for piece in pieces {
                try FileCreation.copy(
                    from: tar.rawValue, at: piece.storedAt, to: file.rawValue, at: piece.offset, count: piece.length)
            }
            try check("set the size of", text()) { ftruncate(file.rawValue, off_t(size)) }
        case .symbolicLink(let target):
            try FileCreation.make(.symbolicLink(target), named: name, in: directory)
        case .characterDevice(let major, let minor):
            try FileCreation.make(.characterDevice(major: major, minor: minor), named: name, in: directory)
        case .blockDevice(let major, let minor):
            try FileCreation.make(.blockDevice(major: major, minor: minor), named: name, in: directory)
        case .fifo: try FileCreation.make(.fifo, named: name, in: directory)
        case .hardLink: preconditionFailure("hard links are nodes, not files")
        }
        try setMetadata(of: inode, directory, name)
        return row.type == .directory
    }

    private func link(_ source: Int32, to node: Int32, _ name: [UInt8], in directory: CInt) throws {
        let parent = try open(tree.nodes[Int(source)].parent)
        try check("link", tree.path(of: node).description) {
            tree.name(of: source).withPath { source in
                name.withPath { linkat(parent.rawValue, source, directory, $0, 0) }
            }
        }
    }

    // MARK: Metadata

    private func setMetadata(of inode: Int32, _ directory: CInt, _ name: [UInt8]) throws {
        let row = tree.inodes[Int(inode)]
        let text = { String(decoding: name, as: UTF8.self) }
        try check("set the owner of", text()) {
            name.withPath { fchownat(directory, $0, row.uid, row.gid, AT_SYMLINK_NOFOLLOW) }
        }
        if row.type != .symbolicLink {
            try check("set the mode of", text()) { name.withPath { fchmodat(directory, $0, mode_t(row.mode), 0) } }
        }
        let own = row.entry >= 0 ? tree.entries[Int(row.entry)].attributes : tree.impliedAttributes[inode] ?? []
        // Archives give attributes to links and devices, to which no file system does.
        if row.type == .regular || row.type == .directory {
            for attribute in own where LayerWriter.keeps(attribute.name) {
                try ExtendedAttributes.set(attribute.name, to: attribute.value, of: name, in: directory)
            }
        }
        if row.type != .directory { try setTime(of: inode, directory, name) }
    }

    private func setMarks(of node: Int32, _ directory: CInt, hasWhiteouts: Bool) throws {
        let row = tree.nodes[Int(node)]
        if node == LayerTree.root { try setMetadata(of: row.inode, directory, [UInt8(ascii: ".")]) }
        if row.hidesLower, node != LayerTree.root {
            try FileAttributes.makeOpaque(directory)
        }
        if hasWhiteouts { try FileAttributes.markWhiteouts(in: directory) }
    }

    private func setTime(of inode: Int32, _ directory: CInt, _ name: [UInt8]) throws(SystemError) {
        let modified = tree.inodes[Int(inode)].modified
        let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds))
        try check("set the time of", String(decoding: name, as: UTF8.self)) {
            name.withPath { utimensat(directory, $0, [time, time], AT_SYMLINK_NOFOLLOW) }
        }
    }
}
