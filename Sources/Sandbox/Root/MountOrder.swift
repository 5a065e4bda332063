import Glibc
import Linux
import SystemPackage

/// Where the mounts of a step go and in which order: one below another comes after it, whatever order they are given in.
///
/// Targets are looked up before anything is mounted, each in what will stand there: in the root, or in the source of the
/// mount it lies below. No link that a step could have made leads a mount elsewhere.
struct MountOrder {
    /// With targets that hold no links.
    let mounts: [SandboxSpec.Mount]

    private struct Placed {
        let mount: SandboxSpec.Mount
        /// As it was given, and as it is.
        let literal: [String]
        let target: [String]
    }

    init(_ mounts: [SandboxSpec.Mount], in walk: RootWalk) throws(SandboxError) {
        let given = mounts.map { ($0, literal: FilePath($0.target).lexicallyNormalized().components.map(\.string)) }
        var placed: [Placed] = []
        // Sorting is stable: of two mounts on one target the later one is seen.
        for (mount, literal) in given.sorted(by: { $0.literal.count < $1.literal.count }) {
            guard mount.target.utf8.first == UInt8(ascii: "/"), !literal.isEmpty else {
                throw SandboxError(.unsuitableRoot, "mount target \(mount.target) is no path below the root")
            }
            let target: [String]
            if let outer = placed.last(where: { $0.literal.isAbove(literal) }) {
                try Self.check(mount, below: outer, at: Array(literal[outer.literal.count...]))
                target = outer.target + literal[outer.literal.count...]
            } else if literal.starts(with: ["dev", "shm"]) || mount.isDevice && literal.first == "dev" {
                // In memory, and the step's own.
                target = literal
            } else {
                target = try Self.find(mount, in: walk) ?? literal
                let outer = placed.filter { $0.target.isAbove(target) }.max { $0.target.count < $1.target.count }
                if let outer { try Self.check(mount, below: outer, at: Array(target[outer.target.count...])) }
            }
            var mount = mount
            mount.target = "/" + target.joined(separator: "/")
            placed.append(Placed(mount: mount, literal: literal, target: target))
        }
        self.mounts = placed.sorted { $0.target.count < $1.target.count }.map(\.mount)
    }

    /// The components of the target in the root.
    private static func find(_ mount: SandboxSpec.Mount, in walk: RootWalk) throws(SandboxError) -> [String]? {
        guard let place = try walk.find(mount.target) else {
            throw SandboxError(.unsuitableRoot, "mount target \(mount.target) does not exist in the image")
        }
        try check(mount, isOn: place.kind)
        try walk.requireOutsideOfKernelTrees(place, "mount target \(mount.target)")
        do {
            return try place.components()
        } catch {
            throw SandboxError(.system, "mount target \(mount.target): \(error)")
        }
    }

    private static func check(
        _ mount: SandboxSpec.Mount, below outer: Placed, at components: [String]
    ) throws(SandboxError) {
        if outer.mount.isDevice {
            throw SandboxError(
                .unsuitableRoot, "mount target \(mount.target) is below the device \(outer.mount.target)")
        }
        func refusal(_ reason: String) -> SandboxError {
            SandboxError(
                .unsuitableRoot, "mount target \(mount.target) \(reason) what is mounted on \(outer.mount.target)")
        }
        if case .tmpfs(_, _, isReadOnly: true) = outer.mount.source { throw refusal("cannot be made in") }
        guard case .bind(let source, let isReadOnly) = outer.mount.source else { return }
        let kind: FileStatus.Kind
        do {
            let file = try OwnedDescriptor.open(
                FilePath(components.joined(separator: "/")), below: source.rawValue,
                resolve: [.beneath, .noSymbolicLinks, .noMagicLinks], flags: OpenFlags.path | O_NOFOLLOW)
            kind = try FileStatus.of(file.rawValue).kind
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory where !isReadOnly: return
            case .noSuchFileOrDirectory: throw refusal("does not exist in, and cannot be made in,")
            case .notDirectory: throw refusal("is below a file of")
            case .tooManySymbolicLinkLevels: throw refusal("leads over a symlink in")
            default: throw SandboxError(.system, "mount target \(mount.target): \(error)")
            }
        }
        if kind == .symbolicLink { throw refusal("leads over a symlink in") }
        try check(mount, isOn: kind)
    }

    private static func check(_ mount: SandboxSpec.Mount, isOn kind: FileStatus.Kind) throws(SandboxError) {
        var wantsDirectory = true
        if let source = mount.source.descriptor {
            do {
                wantsDirectory = try FileStatus.of(source.rawValue).kind == .directory
            } catch {
                throw SandboxError(.system, "\(error)")
            }
        }
        guard (kind == .directory) == wantsDirectory else {
            throw SandboxError(
                .unsuitableRoot, "mount target \(mount.target) is no \(wantsDirectory ? "directory" : "regular file")")
        }
    }
}

extension SandboxSpec.Mount {
    fileprivate var isDevice: Bool { if case .device = source { true } else { false } }
}

extension [String] {
    fileprivate func isAbove(_ path: [String]) -> Bool { count < path.count && path.starts(with: self) }
}
