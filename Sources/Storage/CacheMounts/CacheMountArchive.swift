import Archive
import Glibc
package import Linux
package import OCI
import SystemPackage

/// A directory tree as a tar and back: owners, modes, times, links and the attributes that layers keep. Names come in
/// bytewise order, so that equal trees give equal archives.
package struct CacheMountArchive: ~Copyable {
    private var files: [(path: EntryPath, status: FileStatus)] = []
    private let tree: DescriptorTree
    private var names: [UInt64: EntryPath] = [:]
    private var output: Output

    private init(_ directory: SharedDescriptor, _ file: SharedDescriptor) {
        tree = DescriptorTree(root: directory)
        output = Output(file)
    }

    /// Writes what `directory` holds to `file`, wherever that stands. Sockets are left out. Files that others write to
    /// meanwhile make it fail.
    package static func write(_ directory: SharedDescriptor, to file: SharedDescriptor) throws -> ArchiveSummary {
        var archive = CacheMountArchive(directory, file)
        try archive.scan()
        return try archive.write()
    }

    /// Fills the empty `directory` with what the tar in `file` holds. All of the archive's headers are read before
    /// anything is made; nothing in it leads out of the directory.
    package static func unpack(_ file: SharedDescriptor, below directory: SharedDescriptor) throws {
        let entries = try TarReader.entries(of: file)
        var tree = LayerTree(entries: entries, tarSize: try file.size(), below: nil, hasWhiteouts: false)
        try tree.addEntries()
        var unpacking = TreeUnpacking(tree, tar: file, below: directory)
        try unpacking.unpack()
    }

    /// Fills the empty `directory` with what `source` holds.
    package static func copy(_ source: SharedDescriptor, to directory: SharedDescriptor) throws {
        let file = try SharedDescriptor.temporary(on: directory)
        _ = try write(source, to: file)
        try unpack(file, below: directory)
    }

    // MARK: Writing

    private mutating func scan() throws {
        var pending: [EntryPath] = [.root]
        files.append((.root, try FileStatus.of(tree.root.rawValue)))
        while let path = pending.popLast() {
            guard let directory = try tree.open(path, flags: OpenFlags.directory) else { throw Self.change(path) }
            for name in try DirectoryListing.names(in: directory.rawValue) {
                let status = try FileStatus.of(name, in: directory.rawValue)
                if status.kind == .socket { continue }
                let path = path.appending(name)
                files.append((path, status))
                if status.kind == .directory { pending.append(path) }
            }
        }
        files.sort { $0.path < $1.path }
    }

    private mutating func write() throws -> ArchiveSummary {
        for (path, status) in files {
            guard let parent = try tree.open(path.parent ?? .root, flags: OpenFlags.directory) else {
                throw Self.change(path)
            }
            let name = path.isRoot ? [UInt8(ascii: ".")] : Array(path.name)
            var entry = TarEntry(
                path: path, kind: .directory, mode: status.kind == .symbolicLink ? 0o777 : status.mode,
                uid: status.uid, gid: status.gid,
                modified: Timestamp(seconds: status.modifiedSeconds, nanoseconds: status.modifiedNanoseconds))
            if status.kind != .directory, status.links > 1 {
                if let first = names[status.inode] {
                    entry.kind = .hardLink(first)
                    try output.append(entry)
                    continue
                }
                names[status.inode] = path
            }
            entry.attributes = try FileAttributes.kept(of: name, in: parent.rawValue, ids: nil)
            switch status.kind {
            case .file:
                entry.kind = .file(size: status.size, offset: 0, segments: nil)
                let file = SharedDescriptor(try OwnedDescriptor.open(name, in: parent.rawValue))
                guard try FileStatus.of(file.rawValue) == status else { throw Self.change(path) }
                try output.append(entry, from: file, size: status.size)
                continue
            case .directory: break
            case .symbolicLink:
                entry.kind = .symbolicLink(try DirectoryListing.linkTarget(of: name, in: parent.rawValue))
            case .characterDevice:
                entry.kind = .characterDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
            case .blockDevice:
                entry.kind = .blockDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
            case .fifo, .socket: entry.kind = .fifo
            }
            try output.append(entry)
        }
        return ArchiveSummary(digest: try output.finish(), size: output.size, entries: files.count)
    }

    private static func change(_ path: EntryPath) -> StorageError {
        StorageError(.inUse, "`\(path)` changed while it was read: something writes to the cache")
    }

    /// A stream with its digest.
    private struct Output: ~Copyable {
        private let file: SharedDescriptor
        private var hasher = SHA256Hasher()
        private(set) var size: Int64 = 0
        private var buffer: [UInt8] = []

        init(_ file: SharedDescriptor) { self.file = file }

        mutating func append(_ entry: TarEntry) throws {
            try TarHeader.append(entry, keepsFractions: true, to: &buffer)
            if buffer.count >= 1 << 20 { try flush() }
        }

        mutating func append(_ entry: TarEntry, from content: SharedDescriptor, size: Int64) throws {
            try append(entry)
            var offset: Int64 = 0
            while offset < size {
                let chunk = try content.read(upTo: Int(min(size - offset, 1 << 20)), at: offset)
                guard !chunk.isEmpty else { throw CacheMountArchive.change(entry.path) }
                buffer += chunk
                offset += Int64(chunk.count)
                if buffer.count >= 1 << 20 { try flush() }
            }
            buffer += [UInt8](repeating: 0, count: Int((512 - size % 512) % 512))
        }

        private mutating func flush() throws {
            try file.write(buffer)
            hasher.update(buffer)
            size += Int64(buffer.count)
            buffer.removeAll(keepingCapacity: true)
        }

        mutating func finish() throws -> Digest {
            buffer += TarHeader.end
            try flush()
            return hasher.finish()
        }
    }
}

/// A written archive.
package struct ArchiveSummary: Hashable, Sendable {
    package let digest: Digest
    package let size: Int64
    package let entries: Int
}

extension SharedDescriptor {
    /// An unnamed file on the file system of `directory`.
    static func temporary(on directory: SharedDescriptor) throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(
            try OwnedDescriptor.open(".", at: directory.rawValue, flags: OpenFlags.unnamed, mode: 0o600))
    }
}
