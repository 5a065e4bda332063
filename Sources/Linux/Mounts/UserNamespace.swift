internal import CLinux
import Glibc
import SystemPackage

/// A user namespace without processes: what the ids of a mount are mapped by. Held by its
/// descriptor, gone with it.
package struct UserNamespace: ~Copyable, Sendable {
    package let descriptor: OwnedDescriptor

    /// Needs the right to map `mapping`'s ids: root, or CAP_SETUID and CAP_SETGID.
    package init(_ mapping: IDMapping) throws(SystemError) {
        try self.init(users: mapping.mapText, groups: mapping.mapText)
    }

    /// Maps one user and one group, each from an id inside to one outside. On a mount mapped by it, what is theirs
    /// outside is kept as the one inside, and nobody else can make files.
    package init(
        mapping user: (inside: UInt32, outside: UInt32), _ group: (inside: UInt32, outside: UInt32)
    ) throws(SystemError) {
        try self.init(users: "\(user.inside) \(user.outside) 1\n", groups: "\(group.inside) \(group.outside) 1\n")
    }

    /// Lines of `/proc/<pid>/uid_map` and `gid_map` (user_namespaces(7)).
    private init(users: String, groups: String) throws(SystemError) {
        // A namespace needs a process to be born in and to have its maps written.
        let size = 16 << 10
        let stack = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { stack.deallocate() }
        let process = try check("create a user namespace") { caisson_start_namespace_holder(stack, size) }
        defer { caisson_stop_namespace_holder(process) }
        for (map, lines) in [("uid_map", users), ("gid_map", groups)] {
            try OwnedDescriptor.open(FilePath("/proc/\(process)/\(map)"), flags: O_WRONLY).write(Array(lines.utf8))
        }
        descriptor = try OwnedDescriptor.open(FilePath("/proc/\(process)/ns/user"))
    }

    /// Gives up ownership of the descriptor, which then holds the namespace.
    package consuming func release() -> OwnedDescriptor { descriptor }
}
