import Git
import Linux
package import SystemPackage

/// A clone on this machine.
package enum WorkTree {
    /// When the commit was made that is checked out where `directory` is; nil outside of work trees.
    package static func commitTime(of directory: FilePath) -> Int64? {
        guard let root = root(of: directory) else { return nil }
        if let head = WorkTreeHead(of: root) { return head.commitTime }
        // Anything unreadable as a repository is a plain directory here.
        guard let repository = try? GitRepository(root), let head = try? repository.head() else { return nil }
        return try? repository.commit(head).commitTime
    }

    /// The directory itself, or the nearest one around it.
    private static func root(of directory: FilePath) -> FilePath? {
        guard var root = try? WorkingDirectory.resolve(directory) else { return nil }
        while !FileContents.exists(root.appending(".git")) {
            guard root.removeLastComponent() else { return nil }
        }
        return root
    }
}
