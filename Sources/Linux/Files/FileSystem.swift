internal import CLinux
package import SystemPackage

/// The file system a path lies on.
package struct FileSystem: Hashable, Sendable {
    /// As in /proc/filesystems; the magic number in hexadecimal digits for one that is not known here.
    package let name: String
    /// Bytes an unprivileged writer may still use.
    package let available: Int64
    /// Whether the kernel mounts EROFS images straight from files on it. It refuses file systems that lack `read_folio`
    /// and those that are stacked themselves.
    package let supportsFileBackedMounts: Bool

    package init(of path: FilePath) throws(SystemError) {
        var magic: UInt32 = 0
        var available: Int64 = 0
        try check("read the file system of", path.string) {
            path.withPlatformString { caisson_filesystem($0, &magic, &available) }
        }
        self.available = available
        switch magic {
        case 0xEF53: (name, supportsFileBackedMounts) = ("ext4", true)
        case 0x5846_5342: (name, supportsFileBackedMounts) = ("xfs", true)
        case 0x9123_683E: (name, supportsFileBackedMounts) = ("btrfs", true)
        case 0x0102_1994: (name, supportsFileBackedMounts) = ("tmpfs", false)
        case 0x794C_7630: (name, supportsFileBackedMounts) = ("overlay", false)
        case 0x6573_5546: (name, supportsFileBackedMounts) = ("fuse", false)
        case 0x6969: (name, supportsFileBackedMounts) = ("nfs", false)
        default: (name, supportsFileBackedMounts) = ("0x" + String(magic, radix: 16), false)
        }
    }
}

extension OwnedDescriptor {
    /// Flushes the whole file system the descriptor lies on.
    package borrowing func synchronizeFileSystem() throws(SystemError) {
        let raw = rawValue
        try check("flush a file system to disk") { caisson_syncfs(raw) }
    }
}
