import Glibc
import SystemPackage

extension DetachedMount {
    /// A mount of one file in memory that holds `bytes`. Never written to a disk, where the kernel can keep it from
    /// being swapped out.
    package static func file(
        holding bytes: [UInt8], mode: UInt16, uid: UInt32, gid: UInt32
    ) throws -> DetachedMount {
        let directory = try memoryDirectory(size: bytes.count + (64 << 10))
        let file = try FileCreation.makeFile(named: Array(name.utf8), in: directory.rawValue)
        try file.write(bytes)
        let raw = file.rawValue
        try check("set the owner of a file in memory") { fchown(raw, uid, gid) }
        try check("set the mode of a file in memory") { fchmod(raw, mode_t(mode)) }
        return try clone(of: raw)
    }

    private static let name = "file"

    /// A mount of a device node of its own: who changes its mode or owner changes nobody else's node.
    package static func device(
        _ node: FileCreation.Node, mode: UInt16, uid: UInt32, gid: UInt32
    ) throws -> DetachedMount {
        let context = try FilesystemContext("tmpfs")
        try context.set("source", "caisson")
        try context.set("size", "64k")
        try context.set("mode", "0700")
        let directory = try context.mount(attributes: [.noSetID, .noExecution])
        let name = Array(name.utf8)
        try FileCreation.make(node, named: name, in: directory.rawValue)
        let file = try OwnedDescriptor.open(name, in: directory.rawValue, flags: OpenFlags.path)
        let raw = directory.rawValue
        try check("set the owner of a device node") { fchownat(raw, Self.name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        // The node was made under this process's umask.
        try check("set the mode of a device node") { fchmodat(raw, Self.name, mode_t(mode), 0) }
        return try clone(of: file.rawValue)
    }

    /// An empty directory in memory that is only reached through its descriptor.
    package static func memoryDirectory(size: Int) throws(MountError) -> SharedDescriptor {
        let context = try FilesystemContext("tmpfs")
        try context.set("source", "caisson")
        try context.set("size", "\(size)")
        try context.set("mode", "0700")
        // Linux 6.4 and later.
        try? context.set("noswap")
        return SharedDescriptor(try context.mount(attributes: [.noDevices, .noSetID]).release())
    }
}
