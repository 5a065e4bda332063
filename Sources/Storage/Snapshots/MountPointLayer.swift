internal import Archive
internal import Linux

/// The mount points that a stack of layers lacks: one more layer, right below what a step writes.
///
/// It stands on top of the others, where no whiteout hides it, so directories on the way say what those of the stack
/// say: who copies one up copies what it was.
struct MountPointLayer {
    /// Ids as in the layers.
    private var entries: [EntryPath: TarEntry] = [:]

    var isEmpty: Bool { entries.isEmpty }

    /// `stack` shows the layers below, ids as they have them.
    init(_ points: [MountPoint], on stack: DescriptorTree) throws {
        // A mount point below another lies in what is mounted there.
        var covered: [EntryPath] = []
        for point in points.sorted(by: { $0.depth < $1.depth }) {
            if let literal = EntryPath(point.path) {
                if covered.contains(where: { literal != $0 && literal.isAtOrBelow($0) }) { continue }
                covered.append(literal)
            }
            let place = try resolve(point, on: stack)
            switch (place.node, point.kind) {
            case (.directory, .directory), (.file, .file): continue
            case (.absent, _): try add(place.path, point.kind, on: stack)
            case (_, .directory): throw Self.refusal(of: point, "`/\(place.path)` is not a directory")
            case (_, .file):
                throw Self.refusal(of: point, "`/\(place.path)` is a directory, and what is mounted a file")
            }
        }
    }

    /// Makes the layer in an empty directory, its ids shifted into `ids`.
    func write(below directory: SharedDescriptor, ids: IDMapping?) throws {
        let entries = try self.entries.values.sorted { $0.path < $1.path }.map { entry in
            var entry = entry
            guard let ids else { return entry }
            guard let uid = ids.outside(entry.uid), let gid = ids.outside(entry.gid) else {
                throw StorageError(
                    .invalidLayer,
                    "`/\(entry.path)` belongs to \(entry.uid):\(entry.gid), beyond the \(ids.count) ids of a build")
            }
            (entry.uid, entry.gid) = (uid, gid)
            return entry
        }
        var tree = LayerTree(entries: entries, tarSize: 0, below: nil)
        try tree.addEntries()
        // Its files are empty: no archive is read.
        var unpacking = TreeUnpacking(tree, tar: directory, below: directory)
        try unpacking.unpack()
    }

    private mutating func add(_ path: EntryPath, _ kind: MountPoint.Kind, on stack: DescriptorTree) throws {
        entries[path] =
            kind == .directory
            ? TarEntry(path: path, kind: .directory, mode: 0o755)
            : TarEntry(path: path, kind: .file(size: 0, offset: 0, segments: []), mode: 0o644)
        var path = path
        while let parent = path.parent, entries[parent] == nil {
            path = parent
            var entry = TarEntry(path: path, kind: .directory, mode: 0o755)
            if case .directory(let mode, let uid, let gid, let modified, let attributes) = try stack.node(at: path) {
                (entry.mode, entry.uid, entry.gid) = (mode, uid, gid)
                (entry.modified, entry.attributes) = (modified, attributes)
            }
            entries[path] = entry
        }
    }

    // MARK: Paths

    private func resolve(
        _ point: MountPoint, on stack: DescriptorTree
    ) throws -> (path: EntryPath, node: LowerNode) {
        let slash = UInt8(ascii: "/")
        let text = Array(point.path.utf8)
        guard text.first == slash, !text.contains(0) else { throw Self.refusal(of: point, "it is no absolute path") }
        // Components still to walk, the next one last.
        var pending = Array(text.split(separator: slash).reversed())
        var path = EntryPath.root
        var node = try stack.node(at: path)
        var links = 0
        while let component = pending.popLast() {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                path = path.parent ?? .root
                node = try stack.node(at: path)
                continue
            }
            if node == .file { throw Self.refusal(of: point, "`/\(path)` is not a directory") }
            let next = path.appending(component)
            let found = try stack.node(at: next)
            if case .symbolicLink(let target) = found {
                links += 1
                guard links <= LayerTree.maximumLinks else { throw Self.refusal(of: point, "too many symbolic links") }
                if target.first == slash { path = .root }
                node = try stack.node(at: path)
                pending.append(contentsOf: target.split(separator: slash).reversed())
                continue
            }
            (path, node) = (next, found)
        }
        if path.isRoot { throw Self.refusal(of: point, "it is the root directory") }
        return (path, node)
    }

    private static func refusal(of point: MountPoint, _ reason: String) -> StorageError {
        StorageError(.unsuitableMountPoint, "cannot mount on `\(point.path)`: \(reason)")
    }
}

extension MountPoint {
    fileprivate var depth: Int { path.utf8.split(separator: UInt8(ascii: "/")).count }
}
