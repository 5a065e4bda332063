import Glibc

/// The addresses of this host.
package enum HostAddress {
    /// That by which this host reaches others (IPv4), and by which those reach it that are no further than its network
    /// goes: nil for a host without a route. Nothing is sent.
    package static func outward() -> String? {
        let raw = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return nil }
        let socket = OwnedDescriptor(adopting: raw)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        // Any that is not ours: the kernel looks for a route when a datagram socket is connected.
        address.sin_addr.s_addr = UInt32(0xcb00_7101).bigEndian
        address.sin_port = UInt16(9).bigEndian
        let isDone = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket.rawValue, $0, size) == 0 && getsockname(socket.rawValue, $0, &size) == 0
            }
        }
        guard isDone else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        guard inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
