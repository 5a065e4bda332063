import Glibc
package import SystemPackage

/// Directories by path, on trusted paths only.
package enum DirectoryTree {
    /// Makes `path` and what is missing above it; one that is there is left as it is.
    package static func create(_ path: FilePath, mode: UInt32 = 0o755) throws(SystemError) {
        if mkdir(path.string, mode) == 0 || errno == EEXIST { return }
        var parent = path
        guard errno == ENOENT, parent.removeLastComponent(), !parent.isEmpty else {
            throw SystemError("create directory", path.string)
        }
        try create(parent)
        if mkdir(path.string, mode) != 0, errno != EEXIST { throw SystemError("create directory", path.string) }
    }
}

/// Who runs this process.
package enum Superuser {
    package static var isCurrent: Bool { geteuid() == 0 }
}
