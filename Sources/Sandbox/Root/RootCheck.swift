import Glibc
import Linux
import SystemPackage

/// What a root must be like before a runtime works in it. Runtimes have followed links in images to places outside
/// (CVE-2026-41579, CVE-2026-47766), so every place they touch is looked at first, by descriptor, without leaving the
/// root and without following a link.
struct RootCheck {
    /// The files that can be shadowed by ours without creating anything, as absolute paths.
    private(set) var shadowed: [String] = []
    private(set) var warnings: [String] = []

    /// Directories the runtime mounts on, or whose contents decide where it writes.
    private static let directories = [
        "dev", "dev/pts", "dev/shm", "dev/mqueue", "proc", "sys", "etc", "run", "tmp",
    ]

    /// `root` is any descriptor of the root directory; `shadowing` names what of ours shall be seen in it.
    init(root: CInt, shadowing: [String], spec: SandboxSpec) throws(SandboxError) {
        for directory in Self.directories { try Self.requireDirectoryOrNothing(directory, root) }
        for file in shadowing {
            switch Self.kind(of: file, root) {
            case .file: shadowed.append(file)
            case nil: warnings.append("image has no file \(file); the one of the sandbox is not shown")
            default: throw SandboxError(.unsuitableRoot, "image path \(file) is no regular file; refused")
            }
        }
        try Self.checkWorkingDirectory(spec.workingDirectory, root)
        for mount in spec.mounts { try Self.checkTarget(mount, root) }
    }

    private static func requireDirectoryOrNothing(_ path: String, _ root: CInt) throws(SandboxError) {
        // A link gives itself at the end of the path and ELOOP before it.
        do {
            let file = try OwnedDescriptor.open(
                FilePath(path), below: root, resolve: [.inRoot, .noSymbolicLinks, .noMagicLinks],
                flags: OpenFlags.path | O_NOFOLLOW)
            switch try FileStatus.of(file.rawValue).kind {
            case .directory: return
            case .symbolicLink: throw SandboxError(.unsuitableRoot, "image path /\(path) is a symlink; refused")
            default: throw SandboxError(.unsuitableRoot, "image path /\(path) is no directory; refused")
            }
        } catch let error as SystemError {
            switch error.errno {
            case .noSuchFileOrDirectory: return
            case .tooManySymbolicLinkLevels:
                throw SandboxError(.unsuitableRoot, "image path /\(path) is a symlink; refused")
            case .notDirectory: throw SandboxError(.unsuitableRoot, "image path /\(path) lies below a file; refused")
            default: throw SandboxError(.unsuitableRoot, "image path /\(path): \(error)")
            }
        } catch {
            throw error as? SandboxError ?? SandboxError(.unsuitableRoot, "image path /\(path): \(error)")
        }
    }

    /// What `path` leads to inside the root, links followed there; nil if nothing.
    private static func kind(of path: String, _ root: CInt) -> FileStatus.Kind? {
        guard
            let file = try? OwnedDescriptor.open(
                FilePath(path), below: root, resolve: [.inRoot, .noMagicLinks], flags: OpenFlags.path)
        else { return nil }
        return try? FileStatus.of(file.rawValue).kind
    }

    private static func checkWorkingDirectory(_ path: String, _ root: CInt) throws(SandboxError) {
        try requireOutsideOfKernelTrees(path, "working directory")
        guard path.utf8.first == UInt8(ascii: "/"), kind(of: path, root) == .directory else {
            throw SandboxError(.notExecutable, "working directory \(path) is no directory of the image")
        }
    }

    private static func checkTarget(_ mount: SandboxSpec.Mount, _ root: CInt) throws(SandboxError) {
        try requireOutsideOfKernelTrees(mount.target, "mount target")
        guard mount.target.utf8.first == UInt8(ascii: "/"), let target = kind(of: mount.target, root) else {
            throw SandboxError(.unsuitableRoot, "mount target \(mount.target) does not exist in the image")
        }
        var wantsDirectory = true
        if case .bind(let source, _) = mount.source {
            do {
                wantsDirectory = try FileStatus.of(source.rawValue).kind == .directory
            } catch {
                throw SandboxError(.system, "\(error)")
            }
        }
        guard (target == .directory) == wantsDirectory else {
            throw SandboxError(
                .unsuitableRoot, "mount target \(mount.target) is no \(wantsDirectory ? "directory" : "regular file")")
        }
    }

    /// What lies in these trees in the image is not what a step sees there.
    private static func requireOutsideOfKernelTrees(_ path: String, _ what: String) throws(SandboxError) {
        let first = path.split(separator: "/").first { $0 != "." && $0 != ".." }
        if path.split(separator: "/").contains("..") || ["proc", "sys", "dev"].contains(first ?? "") {
            throw SandboxError(.unsuitableRoot, "\(what) \(path) lies in a tree of the kernel or has `..`; refused")
        }
    }
}
