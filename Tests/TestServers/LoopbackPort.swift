import Glibc
import Linux
import Synchronization

/// A TCP port of 127.0.0.1 for a server that has to be told its port.
package struct LoopbackPort {
    package let number: UInt16

    /// Ports below those that the kernel gives to whoever asks for any: another test's server, or the near end of a
    /// connection, would take one of these before the server it was chosen for listens.
    private static let candidates: ClosedRange<UInt16> = 15_000...30_000
    private static let last = Mutex(UInt16.random(in: candidates))

    package static func unused() throws -> LoopbackPort {
        for _ in candidates {
            let number = last.withLock { last in
                last = last == candidates.upperBound ? candidates.lowerBound : last + 1
                return last
            }
            let port = LoopbackPort(number: number)
            if port.succeeds(bind) { return port }
        }
        throw SystemError("find a free port")
    }

    package var isListening: Bool { succeeds(connect) }

    private func succeeds(_ call: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt) -> Bool {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
