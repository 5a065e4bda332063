extension DetachedMount {
    /// A metadata image whose files' bytes lie in `device`; both are regular files on a file system that can back
    /// others (not tmpfs, not overlayfs).
    package static func erofs(
        index: SharedDescriptor, device: SharedDescriptor
    ) throws(MountError) -> DetachedMount {
        let context = try FilesystemContext("erofs")
        try context.set("source", "/proc/self/fd/\(index.rawValue)")
        try context.set("device", "/proc/self/fd/\(device.rawValue)")
        try context.set("ro")
        return try context.mount(attributes: [.readOnly, .noDevices])
    }

    /// An empty file system in memory that holds at most `size` bytes, its root owned by `owner`.
    package static func tmpfs(size: Int64, owner: UInt32 = 0, mode: String = "0700") throws(MountError) -> DetachedMount
    {
        let context = try FilesystemContext("tmpfs")
        try context.set("source", "caisson")
        try context.set("size", "\(size)")
        // An inode costs the kernel about a KiB that `size` does not count.
        try context.set("nr_inodes", "\(max(1024, size / 2048))")
        try context.set("mode", mode)
        try context.set("uid", "\(owner)")
        try context.set("gid", "\(owner)")
        return try context.mount(attributes: [.noDevices, .noAccessTime])
    }

    /// As many lower layers as overlayfs takes.
    package static let maximumOverlayLayers = 500

    /// `lowers`, topmost first, merged; with an upper and a work directory of one file system writable.
    ///
    /// No redirects and no metadata-only copies: every change is where it belongs in the upper directory, and nothing
    /// an archive could smuggle in has a meaning.
    package static func overlay(
        lowers: [SharedDescriptor], upper: (directory: SharedDescriptor, work: SharedDescriptor)? = nil
    ) throws(MountError) -> DetachedMount {
        let context = try FilesystemContext("overlay")
        try context.set("source", "caisson")
        for lower in lowers { try context.set("lowerdir+", file: lower) }
        if let upper {
            try context.set("upperdir", file: upper.directory)
            try context.set("workdir", file: upper.work)
            // Nothing is flushed when the overlay goes: after a crash nobody wants its upper directory.
            try context.set("volatile")
        }
        for option in ["redirect_dir", "metacopy", "index", "xino"] { try context.set(option, "off") }
        var attributes: Attributes = [.noDevices, .noAccessTime]
        if upper == nil { attributes.insert(.readOnly) }
        return try context.mount(attributes: attributes)
    }
}
