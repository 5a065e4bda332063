import Glibc
import Linux
import SystemPackage

/// Marks of use, kept in the times of the files themselves.
///
/// Records and blobs carry their last use as the time of modification, layers as the time of access: the other one says
/// there what a power cut may have torn.
enum FileUse {
    enum Time {
        case accessed
        case modified
    }

    /// Older marks are renewed when the file is used: cheap, and exact enough to tell what is old.
    static let resolution: Int64 = 3600

    private static let now = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1)
    private static let kept = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)

    /// Sets a time to now, and with it the time of the file's last change. False if there is no such file.
    @discardableResult
    static func stamp(_ path: FilePath, _ time: Time) throws(SystemError) -> Bool {
        let times = time == .accessed ? [now, kept] : [kept, now]
        if utimensat(AT_FDCWD, path.string, times, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        if errno == ENOENT { return false }
        throw SystemError("set the time of", path.string)
    }

    /// Marks the file as used now, unless it was within the last hour.
    static func note(_ path: FilePath, _ time: Time) throws(SystemError) {
        guard let file = try DiskFile(path) else { return }
        let last = time == .accessed ? file.accessed : file.modified
        if Int64(Glibc.time(nil)) - last >= resolution { try stamp(path, time) }
    }
}
