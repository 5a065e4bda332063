import Linux
import Sandbox
import Storage

/// The mounts of a step, ready for any number of processes: what they hold lasts as long as this.
final class PreparedMounts: Sendable {
    /// Where the root must have something to mount on.
    let points: [MountPoint]
    /// `NAME=value` that the step gets besides its own, in whose place they come.
    let environment: [String]
    /// More groups of the step.
    let groups: [UInt32]
    private let attachments: [Attachment]

    struct Attachment: Sendable {
        enum Source: Sendable {
            /// A file or directory; its ids shifted by a user namespace if there is one.
            case files(SharedDescriptor, shifted: SharedDescriptor?, isReadOnly: Bool)
            case tmpfs(size: UInt64, isReadOnly: Bool)
            case device(SharedDescriptor, DeviceAccess)
        }

        var source: Source
        var target: String
        var isDirectory = true
        /// What must last as long as the mount.
        var owners: [any Sendable] = []
    }

    init(_ attachments: [Attachment] = [], environment: [String] = [], groups: [UInt32] = []) {
        self.attachments = attachments
        self.environment = environment
        self.groups = groups
        points = attachments.filter { !$0.isInDeviceTree }
            .map { MountPoint($0.target, $0.isDirectory ? .directory : .file) }
    }

    /// Whether a write to one of them could have failed for want of room in memory.
    var isFull: Bool {
        attachments.contains { $0.owners.contains { ($0 as? WritableSnapshot)?.upper.isFull == true } }
    }

    /// Mounts for one process, which uses them up.
    func mounts() throws -> [SandboxSpec.Mount] {
        try attachments.map { attachment in
            switch attachment.source {
            case .files(let files, let namespace, let isReadOnly):
                let mount = try DetachedMount.clone(of: files.rawValue, idmappedBy: namespace?.rawValue)
                return SandboxSpec.Mount(
                    .bind(SharedDescriptor(mount.release()), isReadOnly: isReadOnly), at: attachment.target)
            case .device(let node, let access):
                let mount = try DetachedMount.clone(of: node.rawValue)
                return SandboxSpec.Mount(.device(SharedDescriptor(mount.release()), access), at: attachment.target)
            case .tmpfs(let size, let isReadOnly):
                return SandboxSpec.Mount(
                    .tmpfs(size: size, mode: 0o1777, isReadOnly: isReadOnly), at: attachment.target)
            }
        }
    }

    /// `environment` with what the mounts set.
    func environment(adding environment: [String]) -> [String] {
        let names = Set(self.environment.map { $0.prefix { $0 != "=" } })
        return environment.filter { !names.contains($0.prefix { $0 != "=" }) } + self.environment
    }
}

extension PreparedMounts.Attachment {
    /// The runtime makes the place of a device below /dev, which is in memory.
    fileprivate var isInDeviceTree: Bool {
        if case .device = source { target.hasPrefix("/dev/") } else { false }
    }
}
