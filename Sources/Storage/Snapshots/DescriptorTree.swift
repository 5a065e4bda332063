internal import Archive
internal import Glibc
internal import Linux
internal import SystemPackage

/// A directory tree on this host, read by descriptor. Nothing leads out of it.
struct DescriptorTree: LowerTree {
    let root: SharedDescriptor

    func node(at path: EntryPath) throws -> LowerNode {
        guard let file = try open(path, flags: OpenFlags.path | O_NOFOLLOW) else { return .absent }
        let status = try FileStatus.of(file.rawValue)
        switch status.kind {
        case .directory:
            return .directory(
                mode: status.mode, uid: status.uid, gid: status.gid,
                modified: Timestamp(seconds: status.modifiedSeconds, nanoseconds: status.modifiedNanoseconds),
                attributes: try FileAttributes.kept(of: [UInt8(ascii: ".")], in: file.rawValue, ids: nil))
        case .symbolicLink: return .symbolicLink(try DirectoryListing.linkTarget(of: [], in: file.rawValue))
        default: return .file
        }
    }

    /// nil if there is nothing at `path`, or only by way of a symbolic link.
    func open(_ path: EntryPath, flags: CInt) throws(SystemError) -> SharedDescriptor? {
        let bytes = path.isRoot ? Array(".".utf8) : path.bytes
        do {
            return SharedDescriptor(
                try OwnedDescriptor.open(
                    FilePath(bytes), below: root.rawValue, resolve: [.beneath, .noSymbolicLinks, .noMagicLinks],
                    flags: flags))
        } catch  where [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno) {
            return nil
        }
    }
}

extension FilePath {
    /// The path these bytes are, whatever their encoding.
    init(_ bytes: [UInt8]) {
        self = bytes.withPath { FilePath(platformString: $0) }
    }
}
