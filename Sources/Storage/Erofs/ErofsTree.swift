internal import Archive

/// The tree an archive describes, with overlayfs's marks instead of an archive's whiteouts.
///
/// Nodes are names, inodes are files; a hard link is a second node of one inode. Both are rows of arrays and never
/// freed: a node without an inode is a name that vanished again, or a whiteout.
struct ErofsTree {
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

    private(set) var nodes: [Node] = []
    private(set) var inodes: [Inode] = []
    /// All names, one after the other.
    private(set) var names: [UInt8] = []
    /// Attributes of implied directories, which come from the layers below.
    private(set) var impliedAttributes: [Int32: [ExtendedAttribute]] = [:]

    private var buckets: [Int32]
    /// The directory of the entry before, and the node at each of its components: archives come in order.
    private var lastDirectory: [UInt8] = []
    private var lastNodes: [(end: Int, node: Int32)] = []

    static let root: Int32 = 0
    private static let slash = UInt8(ascii: "/")
    /// As many links as the kernel follows.
    private static let maximumLinks = 40

    init(entries: [TarEntry], tarSize: Int64, below: (any LowerTree)?) {
        self.entries = entries
        self.tarSize = tarSize
        self.below = below
        buckets = Array(repeating: -1, count: max(64, (entries.count * 2).nextPowerOfTwo))
        nodes.reserveCapacity(entries.count + 1)
        inodes.reserveCapacity(entries.count + 1)
        nodes.append(Node(parent: 0, nameStart: 0, hashNext: -1, hash: 0, nameLength: 0))
    }

    mutating func addEntries() throws {
        nodes[0].inode = try makeImpliedDirectory(.root, lower: below?.node(at: .root) ?? .absent)
        for index in entries.indices { try add(Int32(index)) }
    }

    // MARK: Entries

    private mutating func add(_ index: Int32) throws {
        let entry = entries[Int(index)]
        if entry.path.isRoot {
            guard entry.isDirectory else { throw refusal(of: entry, "the root of a layer is a directory") }
            inodes[Int(nodes[0].inode)] = inode(of: entry, index, .directory)
            return
        }
        let (parentEnd, nameStart) = Self.split(entry.path.bytes)
        guard let parent = try entry.path.bytes.withUnsafeBytes({ bytes in
            try directory(UnsafeRawBufferPointer(rebasing: bytes[..<parentEnd]), for: entry)
        }) else { return }
        let name = entry.path.bytes[nameStart...]
        if name.starts(with: Whiteout.prefix) {
            try addWhiteout(name, in: parent, entry)
        } else if case .hardLink(let target) = entry.kind {
            try addLink(name, in: parent, to: target, entry)
        } else {
            try addFile(name, in: parent, index, entry)
        }
    }

    private mutating func addWhiteout(_ name: ArraySlice<UInt8>, in parent: Int32, _ entry: TarEntry) throws {
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

    private mutating func addLink(
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

    private mutating func addFile(
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

    private func inode(of entry: TarEntry, _ index: Int32, _ type: Erofs.FileType) -> Inode {
        Inode(
            entry: index, type: type, mode: type == .symbolicLink ? 0o777 : entry.mode & 0o7777, uid: entry.uid,
            gid: entry.gid, modified: entry.modified)
    }

    /// What the entry is, once it is something the index can say.
    private func check(_ entry: TarEntry) throws(StorageError) -> Erofs.FileType {
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

    // MARK: Names

    /// Takes what is under a name away, with everything below it.
    private mutating func drop(_ node: Int32) {
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

    private func hash(_ name: UnsafeRawBufferPointer, _ parent: Int32) -> Int32 {
        // Seeded for each process: nobody can make names that collide.
        var hasher = Hasher()
        hasher.combine(parent)
        hasher.combine(bytes: name)
        return Int32(truncatingIfNeeded: hasher.finalize())
    }

    private func find(_ name: UnsafeRawBufferPointer, in parent: Int32, hash: Int32) -> Int32 {
        var candidate = buckets[Int(UInt32(bitPattern: hash)) & (buckets.count - 1)]
        while candidate >= 0 {
            let node = nodes[Int(candidate)]
            if node.hash == hash, node.parent == parent, Int(node.nameLength) == name.count, self.name(of: node, is: name) {
                break
            }
            candidate = node.hashNext
        }
        return candidate
    }

    private func name(of node: Node, is name: UnsafeRawBufferPointer) -> Bool {
        names.withUnsafeBytes { names in
            UnsafeRawBufferPointer(rebasing: names[Int(node.nameStart)..<Int(node.nameStart) + name.count])
                .elementsEqual(name)
        }
    }

    /// The node of a name, made and listed in its directory if need be.
    private mutating func ensureNode(
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

    private mutating func rehash() {
        buckets = Array(repeating: -1, count: buckets.count * 2)
        for index in nodes.indices.dropFirst() {
            let bucket = Int(UInt32(bitPattern: nodes[index].hash)) & (buckets.count - 1)
            nodes[index].hashNext = buckets[bucket]
            buckets[bucket] = Int32(index)
        }
    }

    /// Where the parent's path ends and the last name starts.
    private static func split(_ path: [UInt8]) -> (parentEnd: Int, nameStart: Int) {
        guard let last = path.lastIndex(of: slash) else { return (0, 0) }
        return (last, last + 1)
    }

    // MARK: Directories

    /// The directory at `path`, with what the archive only implies made; nil if the path is one that is ignored.
    private mutating func directory(_ path: UnsafeRawBufferPointer, for entry: TarEntry) throws -> Int32? {
        var common = 0
        let limit = min(path.count, lastDirectory.count)
        lastDirectory.withUnsafeBytes { last in while common < limit, path[common] == last[common] { common += 1 } }
        while let last = lastNodes.last, last.end > common || last.end < path.count && path[last.end] != Self.slash {
            lastNodes.removeLast()
        }
        var node = lastNodes.last?.node ?? Self.root
        var position = lastNodes.last.map { $0.end + 1 } ?? 0
        while position < path.count {
            var end = position
            while end < path.count, path[end] != Self.slash { end += 1 }
            let name = ArraySlice(path[position..<end])
            switch try step(name, in: node, for: entry) {
            case .directory(let next): node = next
            case .ignored: return nil
            case .link(let target):
                lastDirectory = Array(path)
                return try follow(target, from: node, then: ArraySlice(path[end...]), entry)
            }
            lastNodes.append((end, node))
            position = end + 1
        }
        lastDirectory = Array(path)
        return node
    }

    private enum Step {
        case directory(Int32)
        case link([UInt8])
        case ignored
    }

    /// Walks the rest of a path whose next component is a link.
    private mutating func follow(
        _ target: [UInt8], from start: Int32, then rest: ArraySlice<UInt8>, _ entry: TarEntry
    ) throws -> Int32? {
        var node = target.first == Self.slash ? Self.root : start
        var pending = Array((target.split(separator: Self.slash) + rest.split(separator: Self.slash)).reversed())
        var links = 1
        while let name = pending.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                node = nodes[Int(node)].parent
                continue
            }
            switch try step(name, in: node, for: entry) {
            case .directory(let next): node = next
            case .ignored: return nil
            case .link(let target):
                links += 1
                guard links <= Self.maximumLinks else {
                    throw refusal(of: entry, "too many symbolic links on the way to it")
                }
                if target.first == Self.slash { node = Self.root }
                pending.append(contentsOf: target.split(separator: Self.slash).reversed())
            }
        }
        return node
    }

    private mutating func step(_ name: ArraySlice<UInt8>, in parent: Int32, for entry: TarEntry) throws -> Step {
        let found = name.withUnsafeBytes { find($0, in: parent, hash: hash($0, parent)) }
        if found >= 0, nodes[Int(found)].inode >= 0 {
            let inode = inodes[Int(nodes[Int(found)].inode)]
            switch inode.type {
            case .directory: return .directory(found)
            case .symbolicLink:
                guard case .symbolicLink(let target) = entries[Int(inode.entry)].kind else { break }
                return .link(target)
            default: break
            }
            throw refusal(of: entry, "`\(path(of: found))` is not a directory")
        }
        if name.starts(with: Whiteout.prefix) {
            if name.starts(with: Whiteout.metadataPrefix) { return .ignored }
            throw refusal(of: entry, "names that begin with `.wh.` are whiteouts, nothing can lie below them")
        }
        var lower = LowerNode.absent
        if let below, found < 0 || !nodes[Int(found)].isWhitedOut, showsLower(parent) {
            lower = try below.node(at: path(of: parent).appending(name))
            if case .symbolicLink(let target) = lower { return .link(target) }
        }
        let node = try ensureNode(name, in: parent, entry)
        nodes[Int(node)].inode = try makeImpliedDirectory(path(of: node), lower: lower)
        return .directory(node)
    }

    /// A directory the archive has no entry for (yet): as it is below, else 0755 and root's.
    private mutating func makeImpliedDirectory(_ path: EntryPath, lower: LowerNode) throws -> Int32 {
        var inode = Inode(entry: -1, type: .directory, mode: 0o755)
        if case .directory(let mode, let uid, let gid, let modified, let attributes) = lower {
            inode.mode = mode & 0o7777
            inode.uid = uid
            inode.gid = gid
            inode.modified = modified
            if !attributes.isEmpty { impliedAttributes[Int32(inodes.count)] = attributes }
        }
        inodes.append(inode)
        return Int32(inodes.count - 1)
    }

    private func showsLower(_ node: Int32) -> Bool {
        var node = node
        while true {
            if nodes[Int(node)].hidesLower { return false }
            if node == Self.root { return true }
            node = nodes[Int(node)].parent
        }
    }

    /// The node at `path`, links followed but for the last component; nil if there is none in this archive.
    private func existing(_ path: EntryPath, for entry: TarEntry) throws(StorageError) -> Int32? {
        var node = Self.root
        var pending = Array(path.components.reversed())
        var links = 0
        while let name = pending.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                node = nodes[Int(node)].parent
                continue
            }
            let next = name.withUnsafeBytes { find($0, in: node, hash: hash($0, node)) }
            guard next >= 0, nodes[Int(next)].inode >= 0 else { return nil }
            let inode = inodes[Int(nodes[Int(next)].inode)]
            if inode.type == .symbolicLink, !pending.isEmpty {
                guard case .symbolicLink(let target) = entries[Int(inode.entry)].kind else { return nil }
                links += 1
                guard links <= Self.maximumLinks else {
                    throw refusal(of: entry, "too many symbolic links on the way to `\(path)`")
                }
                if target.first == Self.slash { node = Self.root }
                pending.append(contentsOf: target.split(separator: Self.slash).reversed())
            } else {
                node = next
            }
        }
        return node
    }

    func path(of node: Int32) -> EntryPath {
        var components: [ArraySlice<UInt8>] = []
        var node = node
        while node != Self.root {
            let row = nodes[Int(node)]
            components.append(names[Int(row.nameStart)..<Int(row.nameStart) + Int(row.nameLength)])
            node = row.parent
        }
        return EntryPath(unchecked: Array(components.reversed().joined(separator: [Self.slash])))
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

extension Int {
    fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
