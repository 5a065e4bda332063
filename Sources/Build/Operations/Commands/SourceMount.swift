import Linux
import Sandbox
package import SystemPackage

/// A directory of the host that a program may write to.
package struct SourceMount: Sendable {
    package var directory: FilePath
    /// Where the program finds it; nil is its working directory.
    package var target: String?

    package init(_ directory: FilePath, at target: String? = nil) {
        self.directory = directory
        self.target = target
    }

    /// The mount for a program that runs as `user`, with ids of a build: what belongs to the directory's owner and group
    /// is the user's, and what the user makes is theirs on the host. Files of others look like nobody's, and no other
    /// user of the step can make any.
    func mount(at target: String, for user: SandboxSpec.User, ids: IDMapping) throws -> SandboxSpec.Mount {
        let file = try OwnedDescriptor.open(directory, flags: OpenFlags.directory)
        let owner = try FileStatus.of(file.rawValue)
        guard let uid = ids.outside(user.uid), let gid = ids.outside(user.gid) else {
            throw BuildError.request("the user \(user.uid):\(user.gid) is none of the \(ids.count) of a build")
        }
        let namespace = try UserNamespace(mapping: (owner.uid, uid), (owner.gid, gid))
        do {
            let mount = try DetachedMount.clone(of: file.rawValue, idmappedBy: namespace.descriptor.rawValue)
            return SandboxSpec.Mount(.bind(SharedDescriptor(mount.release()), isReadOnly: false), at: target)
        } catch {
            throw BuildError.infrastructure("cannot mount `\(directory)` with mapped ids: \(error)")
        }
    }
}
