internal import CLinux

/// A mount that no mount namespace shows: reached through its descriptor alone, gone with it. A killed process leaves
/// nothing mounted.
package struct DetachedMount: ~Copyable, Sendable {
    package let descriptor: OwnedDescriptor

    package struct Attributes: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readOnly = Attributes(rawValue: 0x01)
        package static let noSetID = Attributes(rawValue: 0x02)
        package static let noDevices = Attributes(rawValue: 0x04)
        package static let noExecution = Attributes(rawValue: 0x08)
        package static let noAccessTime = Attributes(rawValue: 0x10)
    }

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// The root of the mount, for calls that borrow it.
    package var rawValue: CInt { descriptor.rawValue }

    /// Gives up ownership of the descriptor, which then holds the mount: directories opened below it do not.
    package consuming func release() -> OwnedDescriptor { descriptor }

    /// A second mount of what this one shows, with ids mapped by `namespace`. Both share one page cache.
    package borrowing func idmapped(by namespace: borrowing UserNamespace) throws(MountError) -> DetachedMount {
        try Self.clone(of: rawValue, idmappedBy: namespace.descriptor.rawValue)
    }

    /// A second mount of what `directory` shows, itself perhaps a mount's root.
    package static func clone(
        of directory: CInt, idmappedBy namespace: CInt? = nil
    ) throws(MountError) -> DetachedMount {
        do {
            let mount = DetachedMount(
                OwnedDescriptor(adopting: try check("clone a mount") { caisson_clone_mount(directory) }))
            if let namespace {
                let raw = mount.rawValue
                try check("map the ids of a mount") { caisson_idmap_mount(raw, namespace) }
            }
            return mount
        } catch {
            throw MountError(error)
        }
    }
}
