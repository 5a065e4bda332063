internal import Archive

// How the directories of a path are found and, if the archive only implies them, made.
extension LayerTree {
    /// The directory at `path`, with what the archive only implies made; nil if the path is one that is ignored.
    mutating func directory(_ path: UnsafeRawBufferPointer, for entry: TarEntry) throws -> Int32? {
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

    enum Step {
        case directory(Int32)
        case link([UInt8])
        case ignored
    }

    /// Walks the rest of a path whose next component is a link.
    mutating func follow(
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

    mutating func step(_ name: ArraySlice<UInt8>, in parent: Int32, for entry: TarEntry) throws -> Step {
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
        if hasWhiteouts, name.starts(with: Whiteout.prefix) {
            if name.starts(with: Whiteout.metadataPrefix) { return .ignored }
            throw refusal(of: entry, "names that begin with `.wh.` are whiteouts, nothing can lie below them")
        }
        let lower = try lower(name, in: parent, known: found)
        if case .symbolicLink(let target) = lower { return .link(target) }
        let node = try ensureNode(name, in: parent, entry)
        nodes[Int(node)].inode = try makeImpliedDirectory(path(of: node), lower: lower)
        return .directory(node)
    }

    /// A directory the archive has no entry for (yet): as it is below, else 0755 and root's.
    mutating func makeImpliedDirectory(_ path: EntryPath, lower: LowerNode) throws -> Int32 {
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

    /// What the layers below show under a name; `known` is its node, if it has one.
    private func lower(_ name: ArraySlice<UInt8>, in parent: Int32, known: Int32) throws -> LowerNode {
        guard let below, known < 0 || !nodes[Int(known)].isWhitedOut, showsLower(parent) else { return .absent }
        return try below.node(at: path(of: parent).appending(name))
    }

    func showsLower(_ node: Int32) -> Bool {
        var node = node
        while true {
            if nodes[Int(node)].hidesLower { return false }
            if node == Self.root { return true }
            node = nodes[Int(node)].parent
        }
    }

    /// The node at `path`, links followed but for the last component; nil if there is none in this archive.
    func existing(_ path: EntryPath, for entry: TarEntry) throws -> Int32? {
        func count(_ links: inout Int) throws(StorageError) {
            links += 1
            if links > Self.maximumLinks { throw refusal(of: entry, "too many symbolic links on the way to `\(path)`") }
        }
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
            guard next >= 0, nodes[Int(next)].inode >= 0 else {
                guard !pending.isEmpty, case .symbolicLink(let target) = try lower(name, in: node, known: next) else {
                    return nil
                }
                try count(&links)
                if target.first == Self.slash { node = Self.root }
                pending.append(contentsOf: target.split(separator: Self.slash).reversed())
                continue
            }
            let inode = inodes[Int(nodes[Int(next)].inode)]
            if inode.type == .symbolicLink, !pending.isEmpty {
                guard case .symbolicLink(let target) = entries[Int(inode.entry)].kind else { return nil }
                try count(&links)
                if target.first == Self.slash { node = Self.root }
                pending.append(contentsOf: target.split(separator: Self.slash).reversed())
            } else {
                node = next
            }
        }
        return node
    }
}
