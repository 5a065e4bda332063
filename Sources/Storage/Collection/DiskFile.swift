import Glibc
import Linux
import SystemPackage

/// A file as the file system accounts for it.
struct DiskFile {
    /// Bytes of the blocks that are allocated for it: what removing its last name gives back.
    let allocated: Int64
    let inode: UInt64
    let hasOtherNames: Bool
    let modified: Int64
    let accessed: Int64
    /// When it last appeared under a name or was claimed.
    let changed: FileInstant

    /// nil if there is nothing at `path`. A symbolic link counts itself.
    init?(_ path: FilePath) throws(SystemError) {
        var status = stat()
        if lstat(path.string, &status) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("read the status of", path.string)
        }
        self.init(status)
    }

    init(_ status: stat) {
        allocated = Int64(status.st_blocks) * 512
        inode = UInt64(status.st_ino)
        hasOtherNames = status.st_nlink > 1 && status.st_mode & S_IFMT != S_IFDIR
        modified = Int64(status.st_mtim.tv_sec)
        accessed = Int64(status.st_atim.tv_sec)
        changed = FileInstant(status.st_ctim)
    }
}

/// A time as the kernel stamps files, to the tick of its clock.
struct FileInstant: Comparable, Sendable {
    let seconds: Int64
    let nanoseconds: Int64

    init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    init(_ time: timespec) { self.init(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec)) }

    static func < (a: FileInstant, b: FileInstant) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// Adds up what trees take on disk; a file of several names counts once.
struct DiskUsage {
    private(set) var allocated: Int64 = 0
    private var seen: Set<UInt64> = []

    /// Adds `path` and everything below it. What disappears meanwhile does not count.
    mutating func add(_ path: FilePath) throws(SystemError) {
        var status = stat()
        if lstat(path.string, &status) != 0 {
            if errno == ENOENT { return }
            throw SystemError("read the status of", path.string)
        }
        count(status)
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        let descriptor: OwnedDescriptor
        do { descriptor = try OwnedDescriptor.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW) } catch {
            if error.errno == .noSuchFileOrDirectory { return }
            throw error
        }
        try addEntries(of: descriptor.release(), named: path.string, depth: 0)
    }

    static func of(_ path: FilePath) throws(SystemError) -> Int64 {
        var usage = DiskUsage()
        try usage.add(path)
        return usage.allocated
    }

    private mutating func count(_ status: stat) {
        if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR,
            !seen.insert(UInt64(status.st_ino)).inserted
        {
            return
        }
        allocated += Int64(status.st_blocks) * 512
    }

    /// Each level holds a descriptor and a piece of the stack. What lies deeper only wants not to be found.
    private static let depthLimit = 2000

    /// Takes `raw` over. Names stay bytes: a tree may have a million of them.
    private mutating func addEntries(of raw: CInt, named name: String, depth: Int) throws(SystemError) {
        guard let directory = fdopendir(raw) else {
            close(raw)
            throw SystemError("list the directory", name)
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            try withUnsafePointer(to: &entry.pointee.d_name.0) { name throws(SystemError) in
                try addEntry(name, of: dirfd(directory), depth: depth)
            }
        }
    }

    private mutating func addEntry(_ name: UnsafePointer<CChar>, of directory: CInt, depth: Int) throws(SystemError) {
        if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return }
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        count(status)
        guard status.st_mode & S_IFMT == S_IFDIR, depth < Self.depthLimit else { return }
        let below = Glibc.openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if below >= 0 { try addEntries(of: below, named: String(cString: name), depth: depth + 1) }
    }
}
