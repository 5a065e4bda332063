internal import CLinux
import Glibc

/// Where a runtime hands over the terminal that it made for its program: a socket in a file system of its own, which
/// nothing but the step shows (`--console-socket` of OCI runtimes).
package struct TerminalSocket: Sendable {
    /// The name of the socket in `directory`.
    package static let name = "console"

    /// A detached mount that holds the socket.
    package let directory: SharedDescriptor
    /// Readable when somebody has connected.
    package let listener: SharedDescriptor

    package init() throws {
        directory = SharedDescriptor(try DetachedMount.tmpfs(size: 1 << 12).release())
        let raw = directory.rawValue
        listener = SharedDescriptor(
            OwnedDescriptor(adopting: try check("listen for a terminal") { caisson_listen(raw, Self.name) }))
    }

    /// The connection of who has connected; nil if nobody has.
    package func accept() -> SharedDescriptor? {
        let connection = caisson_accept(listener.rawValue)
        return connection < 0 ? nil : SharedDescriptor(OwnedDescriptor(adopting: connection))
    }

    /// The terminal that came by `connection`, if it is there; non-blocking.
    package static func terminal(from connection: SharedDescriptor) throws(SystemError) -> Terminal? {
        var name = [UInt8](repeating: 0, count: 256)
        var descriptor: CInt = -1
        var count: CInt = 1
        let size = name.withUnsafeMutableBytes {
            caisson_receive(connection.rawValue, $0.baseAddress, UInt64($0.count), &descriptor, &count)
        }
        guard size > 0, count == 1 else { return nil }
        let terminal = SharedDescriptor(OwnedDescriptor(adopting: descriptor))
        try terminal.setNonBlocking()
        return Terminal(descriptor: terminal)
    }
}
