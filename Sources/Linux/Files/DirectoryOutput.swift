internal import CLinux
import Glibc
package import SystemPackage

/// Makes files below a directory by descriptor: no symbolic link is followed on the way, and what stands in the way of
/// a file, unless it is a directory, is replaced.
package struct DirectoryOutput: Sendable {
    private let root: SharedDescriptor

    package init(root: SharedDescriptor) { self.root = root }

    /// Calls `body` with the directory that holds `path` and its last component.
    private func within<Result>(
        _ path: FilePath, _ body: (CInt, String) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        var parent = path
        let name = path.lastComponent?.string ?? "."
        parent.removeLastComponent()
        let directory = try OwnedDescriptor.open(
            parent.isEmpty ? "." : parent, below: root.rawValue, resolve: [.beneath, .noSymbolicLinks],
            flags: O_RDONLY | O_DIRECTORY)
        return try body(directory.rawValue, name)
    }

    private func clear(_ name: String, in directory: CInt, _ path: FilePath) throws(SystemError) {
        if unlinkat(directory, name, 0) != 0, errno != ENOENT { throw SystemError("replace", path.string) }
    }

    /// One that is there stays.
    package func directory(_ path: FilePath) throws(SystemError) {
        try within(path) { directory, name throws(SystemError) in
            if mkdirat(directory, name, 0o755) != 0, errno != EEXIST {
                throw SystemError("create directory", path.string)
            }
        }
    }

    /// An empty file, open for writing.
    package func file(_ path: FilePath) throws(SystemError) -> SharedDescriptor {
        try within(path) { directory, name throws(SystemError) in
            try clear(name, in: directory, path)
            return SharedDescriptor(
                try OwnedDescriptor.open(
                    FilePath(name), at: directory, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600))
        }
    }

    package func symbolicLink(_ path: FilePath, to target: [UInt8], seconds: Int64) throws(SystemError) {
        try within(path) { directory, name throws(SystemError) in
            try clear(name, in: directory, path)
            let text = target.zeroTerminated
            try check("create the link", path.string) { symlinkat(text, directory, name) }
            try Self.setTime(of: name, in: directory, path, seconds)
        }
    }

    /// A further name of a file that was made here.
    package func link(_ path: FilePath, to first: FilePath) throws(SystemError) {
        try within(first) { source, sourceName throws(SystemError) in
            try within(path) { directory, name throws(SystemError) in
                try clear(name, in: directory, path)
                try check("link", path.string) { linkat(source, sourceName, directory, name, 0) }
            }
        }
    }

    /// Gives a file or directory its mode and time.
    package func finish(_ path: FilePath, mode: UInt16, seconds: Int64) throws(SystemError) {
        try within(path) { directory, name throws(SystemError) in
            try check("set the mode of", path.string) { fchmodat(directory, name, mode_t(mode), 0) }
            try Self.setTime(of: name, in: directory, path, seconds)
        }
    }

    private static func setTime(
        of name: String, in directory: CInt, _ path: FilePath, _ seconds: Int64
    ) throws(SystemError) {
        var times = [timespec(tv_sec: Int(seconds), tv_nsec: 0), timespec(tv_sec: Int(seconds), tv_nsec: 0)]
        try check("set the time of", path.string) { utimensat(directory, name, &times, AT_SYMLINK_NOFOLLOW) }
    }
}
