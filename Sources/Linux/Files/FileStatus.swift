internal import CLinux
import Glibc

/// What the kernel knows of a file (fstatat(2)).
package struct FileStatus: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file, directory, symbolicLink, characterDevice, blockDevice, fifo, socket
    }

    package let kind: Kind
    /// The twelve permission bits.
    package let mode: UInt16
    package let uid: UInt32
    package let gid: UInt32
    package let size: Int64
    package let links: Int
    package let device: UInt64
    package let inode: UInt64
    package let deviceNumber: (major: UInt32, minor: UInt32)
    package let modifiedSeconds: Int64
    package let modifiedNanoseconds: UInt32
    package let changedSeconds: Int64
    package let changedNanoseconds: UInt32

    package static func == (a: FileStatus, b: FileStatus) -> Bool {
        a.device == b.device && a.inode == b.inode && a.size == b.size && a.mode == b.mode && a.kind == b.kind
            && a.modifiedSeconds == b.modifiedSeconds && a.modifiedNanoseconds == b.modifiedNanoseconds
            && a.changedSeconds == b.changedSeconds && a.changedNanoseconds == b.changedNanoseconds
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(inode) }

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        case S_IFCHR: kind = .characterDevice
        case S_IFBLK: kind = .blockDevice
        case S_IFIFO: kind = .fifo
        case S_IFSOCK: kind = .socket
        default: kind = .file
        }
        mode = UInt16(status.st_mode & 0o7777)
        uid = status.st_uid
        gid = status.st_gid
        size = Int64(status.st_size)
        links = Int(status.st_nlink)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        deviceNumber = (caisson_major(status.st_rdev), caisson_minor(status.st_rdev))
        modifiedSeconds = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = UInt32(status.st_mtim.tv_nsec)
        changedSeconds = Int64(status.st_ctim.tv_sec)
        changedNanoseconds = UInt32(status.st_ctim.tv_nsec)
    }

    /// Of the file `name` in a directory; a symbolic link itself, not what it points to.
    package static func of(_ name: [UInt8], in directory: CInt) throws(SystemError) -> FileStatus {
        var status = stat()
        let text = name.zeroTerminated
        try check("read the status of", String(decoding: name, as: UTF8.self)) {
            fstatat(directory, text, &status, AT_SYMLINK_NOFOLLOW)
        }
        return FileStatus(status)
    }

    /// Of an open file.
    package static func of(_ descriptor: CInt) throws(SystemError) -> FileStatus {
        var status = stat()
        try check("read the status of a file") { fstat(descriptor, &status) }
        return FileStatus(status)
    }
}
