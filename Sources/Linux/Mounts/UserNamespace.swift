internal import CLinux
import Glibc
import SystemPackage

/// A user namespace with one range of ids and no process in it: what the ids of a mount are mapped by. Held by its
/// descriptor, gone with it.
package struct UserNamespace: ~Copyable, Sendable {
    package let descriptor: OwnedDescriptor

    /// Needs the right to map `mapping`'s ids: root, or CAP_SETUID and CAP_SETGID.
    package init(_ mapping: IDMapping) throws(SystemError) {
        // A namespace needs a process to be born in and to have its maps written.
        let size = 16 << 10
        let stack = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { stack.deallocate() }
        let process = try check("create a user namespace") { caisson_start_namespace_holder(stack, size) }
        defer { caisson_stop_namespace_holder(process) }
        let line = Array(mapping.mapLine.utf8)
        for map in ["uid_map", "gid_map"] {
            try OwnedDescriptor.open(FilePath("/proc/\(process)/\(map)"), flags: O_WRONLY).write(line)
        }
        descriptor = try OwnedDescriptor.open(FilePath("/proc/\(process)/ns/user"))
    }

    /// Gives up ownership of the descriptor, which then holds the namespace.
    package consuming func release() -> OwnedDescriptor { descriptor }
}
