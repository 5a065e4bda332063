import Archive
import Glibc
import Linux
import SystemPackage

/// What the parts of a store need of its directories.
enum StoreDirectory {
    static func create(_ path: FilePath, mode: mode_t = 0o755) throws(SystemError) {
        if mkdir(path.string, mode) == 0 || errno == EEXIST { return }
        throw SystemError("create the directory", path.string)
    }

    /// Creates `path` and what is missing above it.
    static func createAll(_ path: FilePath, mode: mode_t) throws(SystemError) {
        var status = stat()
        if stat(path.string, &status) == 0 { return }
        var parent = path
        if parent.removeLastComponent(), !parent.isEmpty { try createAll(parent, mode: 0o755) }
        try create(path, mode: mode)
    }

    /// Names in bytewise order, without `.` and `..`; none if the directory is missing.
    static func names(in path: FilePath) throws(SystemError) -> [String] {
        guard let directory = opendir(path.string) else {
            if errno == ENOENT { return [] }
            throw SystemError("list the directory", path.string)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw SystemError("list the directory", path.string) }
        return names.sorted()
    }

    /// The size of a regular file; nil if there is none.
    static func size(of path: FilePath) throws(SystemError) -> Int64? {
        var status = stat()
        if lstat(path.string, &status) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("read the status of", path.string)
        }
        return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    /// A missing file is not an error.
    @discardableResult
    static func remove(_ path: FilePath) throws(SystemError) -> Bool {
        if unlink(path.string) == 0 { return true }
        if errno == ENOENT { return false }
        throw SystemError("remove", path.string)
    }

    static func synchronize(_ path: FilePath) throws(SystemError) {
        try OwnedDescriptor.open(path, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// A regular file for reading; nil if it is missing.
    static func open(_ path: FilePath) throws(SystemError) -> SharedDescriptor? {
        do {
            return SharedDescriptor(try OwnedDescriptor.open(path, flags: O_RDONLY | O_NOFOLLOW))
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The whole of a small file; nil if it is missing.
    static func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        guard let file = try open(path) else { return nil }
        let size = try file.size()
        guard size <= limit else {
            throw StorageError(.limit, "`\(path)` has \(size) bytes, more than the limit of \(limit)")
        }
        return try file.read(upTo: Int(size), at: 0)
    }
}
