import Glibc
import Linux
import SystemPackage

/// Looks at places of a root by descriptor. Links are followed as inside the root, never out of it.
struct RootWalk {
    let root: CInt

    /// What a path leads to.
    struct Place {
        let kind: FileStatus.Kind
        let file: SharedDescriptor
        /// The place, or the directory that holds it if it is no directory.
        let directory: SharedDescriptor

        /// The components of its path in the root, without links; nil for names that are no text.
        func components() throws(SystemError) -> [String]? {
            let path = try DirectoryListing.linkTarget(of: Array("/proc/self/fd/\(file.rawValue)".utf8), in: AT_FDCWD)
            return String(validating: path, as: UTF8.self)?.split(separator: "/").map(String.init)
        }
    }

    /// Throws unless `path`, relative to the root, is a real directory or absent, with no link on the way.
    func requireDirectoryOrNothing(_ path: String) throws(SandboxError) {
        let kind: FileStatus.Kind
        do {
            // A link gives itself at the end of the path and ELOOP before it.
            let file = try OwnedDescriptor.open(
                FilePath(path), below: root, resolve: [.inRoot, .noSymbolicLinks, .noMagicLinks],
                flags: OpenFlags.path | O_NOFOLLOW)
            kind = try FileStatus.of(file.rawValue).kind
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: return
            case .tooManySymbolicLinkLevels: kind = .symbolicLink
            case .notDirectory: kind = .file
            default: throw SandboxError(.unsuitableRoot, "image path /\(path): \(error)")
            }
        }
        if kind == .directory { return }
        let what = kind == .symbolicLink ? "a symlink" : "no directory"
        throw SandboxError(.unsuitableRoot, "image path /\(path) is \(what); refused")
    }

    /// The place `path` leads to; nil if nothing is there.
    func find(_ path: String) throws(SandboxError) -> Place? {
        guard let file = try open(path) else { return nil }
        do {
            let kind = try FileStatus.of(file.rawValue).kind
            if kind == .directory { return Place(kind: kind, file: file, directory: file) }
            let parent = FilePath(path).removingLastComponent()
            return Place(kind: kind, file: file, directory: try open(parent.string) ?? file)
        } catch {
            throw error as? SandboxError ?? SandboxError(.unsuitableRoot, "image path \(path): \(error)")
        }
    }

    private func open(_ path: String) throws(SandboxError) -> SharedDescriptor? {
        do {
            return SharedDescriptor(
                try OwnedDescriptor.open(
                    FilePath(path), below: root, resolve: [.inRoot, .noMagicLinks], flags: OpenFlags.path))
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels: return nil
            default: throw SandboxError(.unsuitableRoot, "image path \(path): \(error)")
            }
        }
    }

    /// Throws if a place lies in /proc, /sys or /dev: what the image has there is not what a step sees there.
    func requireOutsideOfKernelTrees(_ place: Place, _ what: String) throws(SandboxError) {
        do {
            var trees: Set<FileStatus> = []
            for tree in ["/proc", "/sys", "/dev"] {
                if let file = try open(tree) { trees.insert(try FileStatus.of(file.rawValue)) }
            }
            let top = try FileStatus.of(root)
            var directory = place.directory
            var status = try FileStatus.of(directory.rawValue)
            while !trees.contains(status) {
                if status == top { return }
                directory = SharedDescriptor(
                    try OwnedDescriptor.open("..", at: directory.rawValue, flags: OpenFlags.path))
                status = try FileStatus.of(directory.rawValue)
            }
        } catch {
            throw error as? SandboxError ?? SandboxError(.unsuitableRoot, "\(what): \(error)")
        }
        throw SandboxError(.unsuitableRoot, "\(what) lies in a tree of the kernel; refused")
    }
}
