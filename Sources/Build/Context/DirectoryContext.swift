package import Archive
package import Dockerfile
import Linux
package import OCI
package import Storage
import Synchronization
package import SystemPackage

/// A directory as a context: what its ignore file leaves, with canonical modes, owners and no times.
///
/// A clone's `.git` is no part of it, as it is none of the commit's tree. Files are opened below the directory's
/// descriptor, never through a symbolic link; one that changed since it was found fails the build.
package final class DirectoryContext: BuildContext {
    /// A file as it was found.
    private struct Found: Sendable {
        let path: EntryPath
        let status: FileStatus
    }

    private struct State {
        var tree: FileTree?
        var files: [Found] = []
        var digests: [Int: Digest] = [:]
    }

    private let root: SharedDescriptor
    private let path: FilePath
    private let ignore: IgnoreFile
    private let state = Mutex(State())
    private let thread = BlockingThread(label: "context")

    /// `ignore` is what applies to this context; its name is shown to people.
    package init(_ path: FilePath, ignore: IgnoreFile) throws {
        self.path = path
        self.ignore = ignore
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
        var pending: [(EntryPath, FileTree.NodeID)] = [(.root, FileTree.root)]
        while let (directory, id) = pending.popLast() {
            let descriptor = try open(directory, flags: OpenFlags.directory)
            for name in try DirectoryListing.names(in: descriptor.rawValue) {
                let path = directory.appending(name)
                if directory.isRoot, name.elementsEqual(".git".utf8) { continue }
                let isExcluded = ignore.excludes(path.bytes[...])
                let status = try FileStatus.of(name, in: descriptor.rawValue)
                var node = FileTree.Node(kind: .directory, mode: 0o755)
                switch status.kind {
                case .directory:
                    if isExcluded, ignore.canSkip(directory: path.bytes[...]) { continue }
                    pending.append((path, tree.add(node, named: name, to: id)))
                    continue
                case _ where isExcluded: continue
                case .file:
                    node.kind = .file(FileContent(size: status.size, source: .context(files.count)))
                    node.mode = status.mode & 0o100 != 0 ? 0o755 : 0o644
                    files.append(Found(path: path, status: status))
                case .symbolicLink:
                    node.kind = .symbolicLink(try DirectoryListing.linkTarget(of: name, in: descriptor.rawValue))
                    node.mode = 0o777
                case .fifo: node.kind = .fifo
                case .characterDevice:
                    node.kind = .characterDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
                case .blockDevice:
                    node.kind = .blockDevice(major: status.deviceNumber.major, minor: status.deviceNumber.minor)
                case .socket: continue
                }
                tree.add(node, named: name, to: id)
            }
        }
        if !ignore.isEmpty { tree.removeEmptyDirectories { path in ignore.excludes(path.bytes[...]) } }
        state.withLock { state in
            state.tree = tree
            state.files = files
        }
        return tree
    }

    private func open(_ path: EntryPath, flags: Int32) throws -> OwnedDescriptor {
        try OwnedDescriptor.open(
            path.isRoot ? "." : FilePath(path), below: root.rawValue, resolve: [.beneath, .noSymbolicLinks],
            flags: flags)
    }

    package func digests(of ids: [Int]) async throws -> [Digest] {
        try await thread.run {
            let known = self.state.withLock { state in ids.map { state.digests[$0] } }
            var digests: [Digest] = []
            digests.reserveCapacity(ids.count)
            for (id, digest) in zip(ids, known) { digests.append(try digest ?? self.digest(of: id)) }
            self.state.withLock { state in
                for (id, digest) in zip(ids, digests) { state.digests[id] = digest }
            }
            return digests
        }
    }

    private func digest(of id: Int) throws -> Digest {
        guard case .file(let descriptor, let status) = try open(id) else {
            preconditionFailure("a directory's contents are files")
        }
        var hasher = SHA256Hasher()
        var offset: Int64 = 0
        while offset < status.size {
            let chunk = try descriptor.read(count: Int(min(status.size - offset, 1 << 20)), at: offset)
            if chunk.isEmpty { break }
            hasher.update(chunk)
            offset += Int64(chunk.count)
        }
        try ContextChange.check(descriptor, is: status, path: shown(id))
        return hasher.finish()
    }

    package func open(_ id: Int) throws -> ContextContent {
        let found = state.withLock { $0.files[id] }
        let file: SharedDescriptor
        do {
            file = SharedDescriptor(try open(found.path, flags: OpenFlags.read))
        } catch let error as SystemError where error.errno == .noSuchFileOrDirectory {
            throw ContextChange.error(shown(id))
        }
        try ContextChange.check(file, is: found.status, path: shown(id))
        return .file(file, as: found.status)
    }

    private func shown(_ id: Int) -> String {
        path.appending(state.withLock { $0.files[id].path.description }).string
    }

    /// The time of the newest file, in seconds since 1970; nil if there is none. Directories do not count: their times
    /// say when a clone was made.
    package func newestModification() async throws -> Int64? {
        _ = try await tree()
        return state.withLock { $0.files.map(\.status.modifiedSeconds).max() }
    }

    package func exclusion(of path: EntryPath) -> Exclusion? { ignore.exclusion(of: path) }
}
