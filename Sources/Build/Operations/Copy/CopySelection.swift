package import Archive
internal import Dockerfile
package import Storage

/// The files that a COPY takes, found in its origin's tree.
package struct CopySelection: Sendable {
    /// One file or directory named by a source word. Of a directory the contents are taken.
    package struct Item: Hashable, Sendable {
        /// Its name in a destination directory: the last component as written, before links are followed.
        package let name: [UInt8]
        package let path: EntryPath
        package let node: FileTree.NodeID
    }

    /// What the items are nodes of: the origin's tree, or a part of it if only parts of directories are taken.
    package private(set) var tree: FileTree
    package private(set) var items: [Item] = []
    /// The sources that are patterns and matched nothing, by their places.
    package private(set) var unmatched: [Int] = []

    /// `origin` is what messages call the tree.
    package init(
        of copy: CopyOperation, in tree: FileTree, called origin: String = "the build context",
        exclusion: (EntryPath) -> Exclusion? = { _ in nil }
    ) throws(CopyError) {
        let finder = SourceFinder(tree: tree, origin: origin)
        let excludes = IgnoreFile(patterns: copy.excludes)
        var part = TreePart(of: tree, without: excludes)
        for (index, source) in copy.sources.enumerated() {
            let found: [Item]?
            do throws(CopyError) {
                found =
                    copy.keepsParents
                    ? try finder.items(keepingParentsOf: source, takenInto: &part)
                    : try finder.items(of: source, takenInto: &part)
            } catch {
                throw error.of(index, hiddenBy: exclusion)
            }
            if let found {
                items += found
            } else if copy.isStrict {
                throw CopyError.unmatched(source, origin).of(index)
            } else {
                unmatched.append(index)
            }
        }
        self.tree = copy.keepsParents || !excludes.isEmpty ? part.tree : tree
    }

    /// The same for sources without flags.
    package init(
        of sources: [String], in tree: FileTree, called origin: String = "the build context",
        exclusion: (EntryPath) -> Exclusion? = { _ in nil }
    ) throws(CopyError) {
        try self.init(
            of: CopyOperation(origin: .context(0), sources: sources, destination: "/", epoch: 0),
            in: tree, called: origin, exclusion: exclusion)
    }

    /// Every file that is taken, with directories before what they hold.
    package func forEach(_ visit: (FileTree.NodeID) -> Void) {
        for item in items {
            visit(item.node)
            if tree[item.node].isDirectory { tree.walk(from: item.node) { _, id in visit(id) } }
        }
    }
}
