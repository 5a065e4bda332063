import Linux
import Sandbox
import SystemPackage

/// Makes the nodes of devices and finds the files that go with them.
struct DevicePreparation {
    let devices: DeviceEdits
    let ids: IDMapping
    let user: SandboxSpec.User

    /// Nodes of the step's own: it may do with them what it likes, the host's stay as they are.
    func nodes() throws -> [PreparedMounts.Attachment] {
        try devices.nodes.map { node in
            let (uid, gid) = (node.uid ?? user.uid, node.gid ?? user.gid)
            guard let outerUser = ids.outside(uid), let outerGroup = ids.outside(gid) else {
                throw RunMountError("the device `\(node.path)` cannot belong to \(uid):\(gid)")
            }
            let mount = try DetachedMount.device(
                try kind(of: node), mode: node.mode ?? 0o666, uid: outerUser, gid: outerGroup)
            return PreparedMounts.Attachment(
                source: .device(SharedDescriptor(mount.release()), node.access), target: node.path, isDirectory: false)
        }
    }

    private func kind(of node: DeviceEdits.Node) throws -> FileCreation.Node {
        if let number = node.number { return Self.node(node.kind ?? .character, (number.major, number.minor)) }
        let status: FileStatus
        do {
            let file = try OwnedDescriptor.open(FilePath(node.hostPath), flags: OpenFlags.path)
            status = try FileStatus.of(file.rawValue)
        } catch {
            throw RunMountError("cannot give the step the device `\(node.path)`: \(error)", hint: Self.remedy)
        }
        let kind: DeviceEdits.Node.Kind
        switch status.kind {
        case .characterDevice: kind = .character
        case .blockDevice: kind = .block
        default:
            throw RunMountError(
                "cannot give the step the device `\(node.path)`: `\(node.hostPath)` is none", hint: Self.remedy)
        }
        guard node.kind == nil || node.kind == kind else {
            throw RunMountError(
                "cannot give the step the device `\(node.path)`: `\(node.hostPath)` is not of the type its "
                    + "specification says", hint: Self.remedy)
        }
        return Self.node(kind, status.deviceNumber)
    }

    private static func node(
        _ kind: DeviceEdits.Node.Kind, _ number: (major: UInt32, minor: UInt32)
    ) -> FileCreation.Node {
        switch kind {
        case .character: .characterDevice(major: number.major, minor: number.minor)
        case .block: .blockDevice(major: number.major, minor: number.minor)
        }
    }

    private static let remedy = "the specification of the device on this host is wrong; `caisson doctor` lists devices"

    /// What can only be read shows its owners as they are on the host. What can be written to does not, lest root of a
    /// step leave files of the host's root there: the step writes where anybody may.
    func files(shifted namespace: SharedDescriptor) throws -> [PreparedMounts.Attachment] {
        try devices.mounts.map { mount in
            do {
                let file = SharedDescriptor(
                    try OwnedDescriptor.open(FilePath(mount.hostPath), flags: OpenFlags.path))
                let namespace = mount.isReadOnly ? namespace : nil
                // Not every file system can show other owners: told here, with the name.
                _ = try DetachedMount.clone(of: file.rawValue, idmappedBy: namespace?.rawValue)
                return PreparedMounts.Attachment(
                    source: .files(file, shifted: namespace, isReadOnly: mount.isReadOnly), target: mount.path,
                    isDirectory: try FileStatus.of(file.rawValue).kind == .directory)
            } catch {
                throw RunMountError("cannot mount `\(mount.hostPath)` for a device: \(error)", hint: Self.remedy)
            }
        }
    }
}
