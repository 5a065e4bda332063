import Linux

/// What a root must be like before a runtime works in it. Runtimes have followed links in images to places outside
/// (CVE-2026-41579, CVE-2026-47766), so every place they touch is looked at first, by descriptor, without leaving the
/// root and without following a link.
struct RootCheck {
    /// The files that can be shadowed by ours without creating anything, as absolute paths.
    private(set) var shadowed: [String] = []
    private(set) var warnings: [String] = []
    /// The spec's, in the order in which they are made.
    let mounts: [SandboxSpec.Mount]

    /// Directories the runtime mounts on, or whose contents decide where it writes.
    private static let directories = [
        "dev", "dev/pts", "dev/shm", "dev/mqueue", "proc", "sys", "etc", "run", "tmp",
    ]

    /// `root` is any descriptor of the root directory; `shadowing` names what of ours shall be seen in it.
    init(root: CInt, shadowing: [String], spec: SandboxSpec) throws(SandboxError) {
        let walk = RootWalk(root: root)
        for directory in Self.directories { try walk.requireDirectoryOrNothing(directory) }
        for file in shadowing {
            switch try walk.find(file)?.kind {
            case .file: shadowed.append(file)
            case nil: warnings.append("image has no file \(file); the one of the sandbox is not shown")
            default: throw SandboxError(.unsuitableRoot, "image path \(file) is no regular file; refused")
            }
        }
        try Self.checkWorkingDirectory(spec.workingDirectory, walk)
        mounts = try MountOrder(spec.mounts, in: walk).mounts
    }

    private static func checkWorkingDirectory(_ path: String, _ walk: RootWalk) throws(SandboxError) {
        guard path.utf8.first == UInt8(ascii: "/"), let place = try walk.find(path), place.kind == .directory else {
            throw SandboxError(.notExecutable, "working directory \(path) is no directory of the image")
        }
        try walk.requireOutsideOfKernelTrees(place, "working directory \(path)")
    }
}
