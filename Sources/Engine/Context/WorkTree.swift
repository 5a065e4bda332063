import Git
package import SystemPackage

/// A clone on this machine.
package enum WorkTree {
    /// When the commit that `directory` has checked out was made; nil if it is not the root of a work tree.
    package static func commitTime(of directory: FilePath) -> Int64? {
        // Anything unreadable as a repository is a plain directory here.
        guard let repository = try? GitRepository(directory), let head = try? repository.head() else { return nil }
        return try? repository.commit(head).commitTime
    }
}
