internal import Archive
internal import Glibc
internal import Linux
internal import SystemPackage

/// The difference between an upper directory and what lies below it.
struct UpperScan {
    enum Change {
        case entry(TarEntry)
        /// In lower layers there is something here that has gone.
        case removed(EntryPath)

        /// The name it is sorted by.
        var path: EntryPath {
            switch self {
            case .entry(let entry): entry.path
            case .removed(let path):
                (path.parent ?? .root).appending(Whiteout.prefix + path.name)
            }
        }
    }

    /// A directory on the way. Its entry is written if it has changed or anything below it has.
    private struct Directory {
        var entry: TarEntry
        var parent: Int
        var isNeeded: Bool
    }

    /// A directory to look into.
    private struct Visit {
        var row: Int
        var path: EntryPath
        /// Nothing of the lower directory shows: it, or one above it, was made anew.
        var hidesLower: Bool
    }

    private let ids: IDMapping
    private var directories: [Directory] = []
    private var found: [Change] = []
    /// Files of several names, by inode, with those names; kept together if one of them has changed.
    private var linked: [UInt64: LinkGroup] = [:]
    private(set) var warnings: [String] = []

    private struct LinkGroup {
        var entries: [TarEntry]
        var rows: [Int]
        var hasChanged: Bool
    }

    init(ids: IDMapping) { self.ids = ids }

    mutating func walk(_ upper: SharedDescriptor, below: SharedDescriptor, originalRoot: RootMetadata) throws {
        let upperTree = DescriptorTree(root: upper)
        let lowerTree = DescriptorTree(root: below)
        let root = try entry(of: [UInt8(ascii: ".")], in: upper.rawValue, at: .root, status: .of(upper.rawValue))
        let hasChanged = RootMetadata(mode: root.mode, uid: root.uid, gid: root.gid) != originalRoot
        directories.append(Directory(entry: root, parent: -1, isNeeded: hasChanged))
        var pending = [Visit(row: 0, path: .root, hidesLower: false)]
        while let visit = pending.popLast() {
            let flags = O_RDONLY | O_DIRECTORY
            guard let directory = try upperTree.open(visit.path, flags: flags) else {
                throw StorageError(.system, "cannot commit `\(visit.path)`: it has gone")
            }
            let lower = try lowerTree.open(visit.path, flags: flags)
            try visitEntries(of: visit, directory.rawValue, lower: lower?.rawValue ?? -1, &pending)
        }
    }

    /// What has changed, in the order a layer has it.
    func changes() -> [Change] {
        var all = found
        for group in linked.values where group.hasChanged {
            let entries = group.entries.sorted { $0.path < $1.path }
            all.append(.entry(entries[0]))
            for entry in entries.dropFirst() {
                var link = entry
                link.kind = .hardLink(entries[0].path)
                link.attributes = []
                all.append(.entry(link))
            }
        }
        all += directories.filter(\.isNeeded).filter { !$0.entry.path.isRoot || directories[0].isNeeded }
            .map { .entry($0.entry) }
        // Entries are large: their order is found by paths alone.
        return all.indices.map { (all[$0].path, $0) }.sorted { $0.0 < $1.0 }.map { all[$0.1] }
    }

    // MARK: One directory

    /// `lower` is -1 where the layers below have no directory of this path.
    private mutating func visitEntries(
        of visit: Visit, _ directory: CInt, lower: CInt, _ pending: inout [Visit]
    ) throws {
        let hidesLower = try lower >= 0 && (visit.hidesLower || FileAttributes.isOpaque(directory))
        let names = try DirectoryListing.names(in: directory)
        for name in names {
            let status = try FileStatus.of(name, in: directory)
            let path = visit.path.appending(name)
            let old = lower >= 0 ? try Self.status(of: name, in: lower) : nil
            if status.kind == .characterDevice, status.deviceNumber == (0, 0) {
                if old != nil { add(.removed(path), in: visit.row) }
            } else if status.kind == .socket {
                warnings.append("`/\(path)` is a socket, which layers cannot hold: left out")
                if old != nil { add(.removed(path), in: visit.row) }
            } else {
                try visitFile(name, path, status, old, directory, lower, hidesLower, visit.row, &pending)
            }
        }
        if hidesLower {
            let here = Set(names)
            for name in try DirectoryListing.names(in: lower) where !here.contains(name) {
                add(.removed(visit.path.appending(name)), in: visit.row)
            }
        }
    }

    private mutating func visitFile(
        _ name: [UInt8], _ path: EntryPath, _ status: FileStatus, _ old: FileStatus?, _ directory: CInt, _ lower: CInt,
        _ hidesLower: Bool, _ row: Int, _ pending: inout [Visit]
    ) throws {
        let entry = try entry(of: name, in: directory, at: path, status: status)
        var isUnchanged = false
        if let old, Self.isLike(entry, old), status.kind == old.kind {
            isUnchanged =
                try FileAttributes.kept(of: name, in: lower, ids: nil) == entry.attributes
                && Self.hasEqualContent(name, status, directory, old, lower)
        }
        if status.kind == .directory {
            directories.append(Directory(entry: entry, parent: row, isNeeded: false))
            let own = directories.count - 1
            if !isUnchanged { need(own) }
            pending.append(Visit(row: own, path: path, hidesLower: hidesLower && old?.kind == .directory))
        } else if status.links > 1 {
            linked[status.inode, default: LinkGroup(entries: [], rows: [], hasChanged: false)].entries.append(entry)
            linked[status.inode]?.rows.append(row)
            if !isUnchanged { linked[status.inode]?.hasChanged = true }
            if linked[status.inode]?.hasChanged == true {
                for row in linked[status.inode]?.rows ?? [] { need(row) }
                linked[status.inode]?.rows = []
            }
        } else if !isUnchanged {
            add(.entry(entry), in: row)
        }
    }

    private mutating func add(_ change: Change, in row: Int) {
        found.append(change)
        need(row)
    }

    /// The directory and all above it are written. The root is no entry's ancestor.
    private mutating func need(_ row: Int) {
        var row = row
        while row > 0, !directories[row].isNeeded {
            directories[row].isNeeded = true
            row = directories[row].parent
        }
    }

    // MARK: Entries

    private func entry(of name: [UInt8], in directory: CInt, at path: EntryPath, status: FileStatus) throws -> TarEntry
    {
        guard let uid = ids.inside(status.uid), let gid = ids.inside(status.gid) else {
            throw StorageError(
                .invalidLayer,
                "cannot commit `/\(path)`: its owner \(status.uid):\(status.gid) is none of the step's ids, "
                    + ids.outsideText)
        }
        let kind: TarEntry.Kind
        switch status.kind {
        case .file: kind = .file(size: status.size, offset: 0, segments: nil)
        case .directory: kind = .directory
        case .symbolicLink: kind = .symbolicLink(try DirectoryListing.linkTarget(of: name, in: directory))
        case .characterDevice:
            kind = .characterDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
        case .blockDevice: kind = .blockDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
        case .fifo, .socket: kind = .fifo
        }
        return TarEntry(
            path: path, kind: kind, mode: status.kind == .symbolicLink ? 0o777 : status.mode, uid: uid, gid: gid,
            modified: Timestamp(seconds: status.modifiedSeconds, nanoseconds: status.modifiedNanoseconds),
            attributes: try FileAttributes.kept(of: name, in: directory, ids: ids))
    }

    /// Mode and owner alike. The time is not looked at: who only touches a file has changed nothing.
    private static func isLike(_ entry: TarEntry, _ old: FileStatus) -> Bool {
        entry.uid == old.uid && entry.gid == old.gid && (entry.mode == old.mode || old.kind == .symbolicLink)
    }

    /// nil if the layers below have no such name.
    private static func status(of name: [UInt8], in directory: CInt) throws(SystemError) -> FileStatus? {
        do {
            return try FileStatus.of(name, in: directory)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// For files of one kind, mode and owner.
    private static func hasEqualContent(
        _ name: [UInt8], _ status: FileStatus, _ directory: CInt, _ old: FileStatus, _ lower: CInt
    ) throws -> Bool {
        switch status.kind {
        case .directory, .fifo, .socket: return true
        case .characterDevice, .blockDevice: return status.deviceNumber == old.deviceNumber
        case .symbolicLink:
            return try DirectoryListing.linkTarget(of: name, in: directory)
                == DirectoryListing.linkTarget(of: name, in: lower)
        case .file:
            guard status.size == old.size else { return false }
            return try FileComparison.areEqual(
                SharedDescriptor(OwnedDescriptor.open(name, in: directory)),
                SharedDescriptor(OwnedDescriptor.open(name, in: lower)), size: status.size)
        }
    }
}

/// Compares contents piece by piece.
private enum FileComparison {
    static func areEqual(_ a: SharedDescriptor, _ b: SharedDescriptor, size: Int64) throws -> Bool {
        let length = Int(min(size, 256 << 10))
        var first = [UInt8](repeating: 0, count: length)
        var second = first
        var offset: Int64 = 0
        while offset < size {
            let count = try first.withUnsafeMutableBytes { try a.read(into: $0, at: offset) }
            guard count > 0, try second.withUnsafeMutableBytes({ try b.read(into: $0, at: offset) }) == count,
                memcmp(first, second, count) == 0
            else { return false }
            offset += Int64(count)
        }
        return true
    }
}
