internal import Glibc
internal import Linux
internal import SystemPackage

/// Removes trees by descriptor: no symbolic link is followed, whoever made the tree.
enum FileRemoval {
    /// Removes the directory `path` with everything below it; a missing one is no error. The names directly in it are
    /// ours: none begins with `.removed-`.
    static func removeAll(_ path: FilePath) throws(SystemError) {
        do {
            let directory = try OwnedDescriptor.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try removeContents(of: directory)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
        try check("remove the directory", path.string) { rmdir(path.string) }
    }

    /// Depth first without recursion: a directory that is not empty is moved up beside its parent's entries first, so
    /// that no tree is too deep.
    private static func removeContents(of root: borrowing OwnedDescriptor) throws(SystemError) {
        var moved = 0
        var pending = try entries(in: root.rawValue)
        while let name = pending.popLast() {
            if unlink(name, in: root.rawValue, flags: 0) { continue }
            if unlink(name, in: root.rawValue, flags: AT_REMOVEDIR) { continue }
            let directory = try OwnedDescriptor.open(name, in: root.rawValue, flags: O_RDONLY | O_DIRECTORY)
            for child in try entries(in: directory.rawValue) where !unlink(child, in: directory.rawValue, flags: 0) {
                if unlink(child, in: directory.rawValue, flags: AT_REMOVEDIR) { continue }
                let target = Array(".removed-\(moved)".utf8)
                moved += 1
                try check("move", String(decoding: child, as: UTF8.self)) {
                    child.withPath { child in
                        target.withPath { renameat(directory.rawValue, child, root.rawValue, $0) }
                    }
                }
                pending.append(target)
            }
            try check("remove the directory", String(decoding: name, as: UTF8.self)) {
                name.withPath { unlinkat(root.rawValue, $0, AT_REMOVEDIR) }
            }
        }
    }

    private static func entries(in directory: CInt) throws(SystemError) -> [[UInt8]] {
        try DirectoryListing.names(in: directory)
    }

    private static func unlink(_ name: [UInt8], in directory: CInt, flags: CInt) -> Bool {
        name.withPath { unlinkat(directory, $0, flags) } == 0
    }
}

extension [UInt8] {
    /// The bytes as a C string; they hold no zero.
    func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        body(map { CChar(bitPattern: $0) } + [0])
    }
}
