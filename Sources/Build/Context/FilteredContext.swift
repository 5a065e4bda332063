package import Archive
package import Dockerfile
package import OCI
package import Storage
import Synchronization

/// Another context without what an ignore file hides.
package final class FilteredContext: BuildContext {
    private let base: any BuildContext
    private let ignore: IgnoreFile
    private let trees = Mutex<(base: FileTree, filtered: FileTree)?>(nil)

    package init(_ base: any BuildContext, ignore: IgnoreFile) {
        self.base = base
        self.ignore = ignore
    }

    package func tree() async throws -> FileTree {
        if let trees = trees.withLock({ $0 }) { return trees.filtered }
        let all = try await base.tree()
        var tree = all
        if !ignore.isEmpty { tree.remove(by: ignore) }
        trees.withLock { [tree] in $0 = (all, tree) }
        return tree
    }

    package func digests(of ids: [Int]) async throws -> [Digest] { try await base.digests(of: ids) }

    package func open(_ id: Int) throws -> ContextContent { try base.open(id) }

    package func exclusion(of path: EntryPath) -> Exclusion? {
        guard trees.withLock({ $0?.base.node(at: path) }) != nil else { return base.exclusion(of: path) }
        return ignore.exclusion(of: path)
    }
}

extension FileTree {
    /// Takes out what `ignore` excludes, and directories that it excludes and that hold nothing any more.
    mutating func remove(by ignore: IgnoreFile) {
        var pending: [(EntryPath, NodeID)] = [(.root, Self.root)]
        while let (directory, id) = pending.popLast() {
            for (name, child) in children(of: id) {
                let path = directory.appending(name)
                if self[child].isDirectory {
                    if ignore.excludes(path.bytes[...]), ignore.canSkip(directory: path.bytes[...]) {
                        remove(name, from: id)
                    } else {
                        pending.append((path, child))
                    }
                } else if ignore.excludes(path.bytes[...]) {
                    remove(name, from: id)
                }
            }
        }
        removeEmptyDirectories { ignore.excludes($0.bytes[...]) }
    }
}
