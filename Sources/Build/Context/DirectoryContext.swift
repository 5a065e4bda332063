package import Archive
package import Dockerfile
import Linux
package import OCI
package import Storage
import Synchronization
package import SystemPackage

/// A directory as a context: what its ignore file leaves, with canonical modes, owners and no times.
///
/// Pipes and devices are what they are; sockets, which no layer can hold, are left out. A clone's `.git` is no part of it,
/// as it is none of the commit's tree, unless it is asked for. Files are opened below the directory's descriptor, never
/// through a symbolic link.
///
/// All of it is one state of the directory or the build fails: a file that is not what it was when it was found, and a
/// directory that gained or lost a name while it was read or before its files were hashed. A write that began before the
/// walk changes no time any more when it goes on, so files must also have the bytes in the layer that they have in the key.
package final class DirectoryContext: BuildContext {
    /// A file or directory as it was found.
    private struct Found: Sendable {
        let path: EntryPath
        let status: FileStatus
        /// The place of the directory that holds it.
        var directory = 0
    }

    private struct State {
        var tree: FileTree?
        var files: [Found] = []
        var directories: [Found] = []
        var digests: [Int: Digest] = [:]
    }

    private let root: SharedDescriptor
    private let path: FilePath
    private let ignore: IgnoreFile
    private let keepsGitDirectory: Bool
    private let state = Mutex(State())
    private let thread = BlockingThread(label: "context")

    /// `ignore` is what applies to this context; its name is shown to people. With `keepsGitDirectory` a clone's `.git` is
    /// a directory like any other.
    package init(_ path: FilePath, ignore: IgnoreFile, keepsGitDirectory: Bool = false) throws {
        self.path = path
        self.ignore = ignore
        self.keepsGitDirectory = keepsGitDirectory
        do {
            root = SharedDescriptor(try OwnedDescriptor.open(path, flags: OpenFlags.directory))
        } catch {
            throw BuildError.request("\(error); the build context must be a directory")
        }
    }

    package func tree() async throws -> FileTree {
        if let tree = state.withLock({ $0.tree }) { return tree }
        return try await thread.run { try self.walk() }
    }

    private func walk() throws -> FileTree {
        if let tree = state.withLock({ $0.tree }) { return tree }
        var tree = FileTree()
        var files: [Found] = []
        var directories: [Found] = []
        var newest: FileStatus?
        var pending: [(EntryPath, FileTree.NodeID)] = [(.root, FileTree.root)]
        while let (directory, id) = pending.popLast() {
            let descriptor = try present(directory) { try self.open(directory, flags: OpenFlags.directory) }
            directories.append(Found(path: directory, status: try FileStatus.settled(descriptor.rawValue)))
            for name in try DirectoryListing.names(in: descriptor.rawValue) {
                let path = directory.appending(name)
                if directory.isRoot, !keepsGitDirectory, name.elementsEqual(".git".utf8) { continue }
                let isExcluded = ignore.excludes(path.bytes[...])
                if isExcluded, ignore.canSkip(directory: path.bytes[...]) { continue }
                let status = try present(path) { try FileStatus.of(name, in: descriptor.rawValue) }
                if status.kind == .socket || isExcluded && status.kind != .directory { continue }
                let child = tree.add(
                    try node(of: status, named: name, in: descriptor, content: files.count), named: name, to: id)
                switch status.kind {
                case .directory: pending.append((path, child))
                case .file:
                    files.append(Found(path: path, status: status, directory: directories.count - 1))
                    if newest.map({ $0.isOlder(than: status) }) ?? true { newest = status }
                default: break
                }
            }
        }
        if !ignore.isEmpty { tree.removeEmptyDirectories { path in ignore.excludes(path.bytes[...]) } }
        newest?.waitUntilSettled()
        for directory in directories { try check(directory) }
        state.withLock { state in
            state.tree = tree
            state.files = files
            state.directories = directories
        }
        return tree
    }

    /// `content` is the number that a file's content gets.
    private func node(
        of status: FileStatus, named name: [UInt8], in directory: borrowing OwnedDescriptor, content: Int
    ) throws -> FileTree.Node {
        var node = FileTree.Node(kind: .directory, mode: 0o755)
        let (major, minor) = status.deviceNumber
        switch status.kind {
        case .directory, .socket: break
        case .file:
            node.kind = .file(FileContent(size: status.size, source: .context(content)))
            node.mode = status.mode & 0o100 != 0 ? 0o755 : 0o644
        case .symbolicLink:
            let raw = directory.rawValue
            node.kind = .symbolicLink(
                try present(EntryPath(unchecked: name)) { try DirectoryListing.linkTarget(of: name, in: raw) })
            node.mode = 0o777
        case .fifo: (node.kind, node.mode) = (.fifo, 0o644)
        case .characterDevice: (node.kind, node.mode) = (.characterDevice(major: major, minor: minor), 0o644)
        case .blockDevice: (node.kind, node.mode) = (.blockDevice(major: major, minor: minor), 0o644)
        }
        return node
    }

    private func open(_ path: EntryPath, flags: Int32) throws(SystemError) -> OwnedDescriptor {
        try OwnedDescriptor.open(
            path.isRoot ? "." : FilePath(path), below: root.rawValue, resolve: [.beneath, .noSymbolicLinks],
            flags: flags)
    }

    // MARK: Changes

    /// What was there a moment ago and is gone, or is something else now, has changed.
    private func present<Result: ~Copyable>(
        _ path: EntryPath, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as SystemError
            where [.noSuchFileOrDirectory, .tooManySymbolicLinkLevels, .notDirectory].contains(error.errno)
        {
            throw ContextChange.error(shown(path))
        }
    }

    private func check(_ directory: Found) throws {
        let status = try present(directory.path) {
            let descriptor = try self.open(directory.path, flags: OpenFlags.directory)
            return try FileStatus.of(descriptor.rawValue)
        }
        guard status == directory.status else { throw ContextChange.error(shown(directory.path)) }
    }

    private func shown(_ path: EntryPath) -> String { self.path.appending(path.description).string }

    // MARK: Contents

    package func digests(of ids: [Int]) async throws -> [Digest] {
        try await thread.run {
            let known = self.state.withLock { state in ids.map { state.digests[$0] } }
            var digests: [Digest] = []
            digests.reserveCapacity(ids.count)
            for (id, digest) in zip(ids, known) { digests.append(try digest ?? self.digest(of: id)) }
            let directories = self.state.withLock { state in
                Set(ids.map { state.files[$0].directory }).map { state.directories[$0] }
            }
            for directory in directories { try self.check(directory) }
            self.state.withLock { state in
                for (id, digest) in zip(ids, digests) { state.digests[id] = digest }
            }
            return digests
        }
    }

    private func digest(of id: Int) throws -> Digest {
        let (found, descriptor) = try file(id)
        var hasher = SHA256Hasher()
        var offset: Int64 = 0
        while offset < found.status.size {
            let chunk = try descriptor.read(count: Int(min(found.status.size - offset, 1 << 20)), at: offset)
            if chunk.isEmpty { break }
            hasher.update(chunk)
            offset += Int64(chunk.count)
        }
        try ContextChange.check(descriptor, is: found.status, path: shown(found.path))
        return hasher.finish()
    }

    package func open(_ id: Int) throws -> ContextContent {
        let (found, file) = try file(id)
        return .file(file, as: found.status, digest: state.withLock { $0.digests[id] })
    }

    private func file(_ id: Int) throws -> (Found, SharedDescriptor) {
        let found = state.withLock { $0.files[id] }
        // What has become a pipe must not be waited for.
        let file = SharedDescriptor(
            try present(found.path) { try self.open(found.path, flags: OpenFlags.readWithoutWaiting) })
        try ContextChange.check(file, is: found.status, path: shown(found.path))
        return (found, file)
    }

    /// The time of the newest file, in seconds since 1970; nil if there is none. Directories do not count: their times
    /// say when a clone was made.
    package func newestModification() async throws -> Int64? {
        _ = try await tree()
        return state.withLock { $0.files.map(\.status.modifiedSeconds).max() }
    }

    package func exclusion(of path: EntryPath) -> Exclusion? {
        guard let exclusion = ignore.exclusion(of: path), (try? open(path, flags: OpenFlags.place)) != nil else {
            return nil
        }
        return exclusion
    }
}

extension FileStatus {
    /// Whether the other file changed later.
    fileprivate func isOlder(than other: FileStatus) -> Bool {
        (changedSeconds, changedNanoseconds) < (other.changedSeconds, other.changedNanoseconds)
    }
}
