internal import CLinux
import Glibc
package import SystemPackage

/// A local stream socket (unix(7)) that takes connections, at a name in a directory that need not be mounted anywhere.
/// It stops with `close()` or when it goes; the name stays.
package final class UnixListener: Sendable {
    private let socket: SharedDescriptor

    /// `name` is one component and does not exist. Mode and owner are set before anybody can connect.
    package init(
        named name: String, in directory: SharedDescriptor, mode: UInt16, uid: UInt32, gid: UInt32
    ) throws(SystemError) {
        let socket = try SharedDescriptor.unixSocket()
        let raw = socket.rawValue
        let path = "/proc/self/fd/\(directory.rawValue)/\(name)"
        try check("bind a socket to", name) { withAddress(path) { Glibc.bind(raw, $0, $1) } }
        try check("set the mode of", name) { fchmodat(directory.rawValue, name, mode_t(mode), 0) }
        try check("set the owner of", name) { fchownat(directory.rawValue, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        try check("listen at", name) { listen(raw, 32) }
        self.socket = socket
    }

    deinit { close() }

    /// Waits for the next connection; nil once the listener is closed. Blocks.
    package func accept() -> SharedDescriptor? {
        while true {
            let raw = caisson_accept_connection(socket.rawValue)
            if raw >= 0 { return SharedDescriptor(OwnedDescriptor(adopting: raw)) }
            if ![EINTR, ECONNABORTED, EMFILE, ENFILE].contains(errno) { return nil }
        }
    }

    /// Takes no more connections; who waits in `accept` gets nil.
    package func close() { shutdown(socket.rawValue, Int32(SHUT_RDWR)) }
}

extension SharedDescriptor {
    /// A connection to the local stream socket at `path`.
    package static func connecting(to path: FilePath) throws(SystemError) -> SharedDescriptor {
        let socket = try unixSocket()
        let raw = socket.rawValue
        guard path.string.utf8.count < addressLimit else {
            throw SystemError("connect to", path.string, errno: .fileNameTooLong)
        }
        try check("connect to", path.string) { withAddress(path.string) { connect(raw, $0, $1) } }
        return socket
    }

    /// Ends a connection in both directions; who reads from it reads its end.
    package func shutDown() { shutdown(rawValue, Int32(SHUT_RDWR)) }

    /// Exactly `count` bytes of a stream; nil at its end, wherever that comes.
    package func readStream(count: Int) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try readNext(upTo: count - bytes.count)
            if more.isEmpty { return nil }
            bytes += more
        }
        return bytes
    }

    fileprivate static func unixSocket() throws(SystemError) -> SharedDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        return SharedDescriptor(
            OwnedDescriptor(adopting: try check("create a socket") { Glibc.socket(AF_UNIX, type, 0) }))
    }
}

/// Bytes of a socket's path with the zero behind it.
private let addressLimit = 108

private func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(addressLimit - 1)) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
