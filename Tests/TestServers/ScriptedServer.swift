import Foundation
import Glibc
import Synchronization

/// An HTTP/1.1 server on loopback whose every answer a test writes, down to when the connection breaks. It records
/// what it was asked.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        /// Path and query as they were sent.
        package let target: String
        package let headers: [(name: String, value: String)]
        package var body: [UInt8] = []

        package var path: String { String(target.prefix { $0 != "?" }) }

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    package typealias Answer = @Sendable (_ request: Request, _ number: Int) -> Script

    private struct State {
        var requests: [Request] = []
        var sockets: Set<CInt> = []
        var connections = 0
        var isStopped = false
    }

    private let listener: CInt
    private let state = Mutex(State())
    private let answer: Answer
    private let bodyLimit: @Sendable (Request) -> Int?
    package let port: UInt16

    /// `answer` gets each request with its number, from 1. `bodyLimit` may name a count of body bytes after which the
    /// connection is reset without an answer.
    package init(
        unixSocket: String? = nil, bodyLimit: @escaping @Sendable (Request) -> Int? = { _ in nil },
        _ answer: @escaping Answer
    ) throws {
        self.answer = answer
        self.bodyLimit = bodyLimit
        (listener, port) = try Self.listen(unixSocket)
        let thread = Thread { [weak self, listener] in
            // Closed by whoever accepts from it: after a close elsewhere the next accept would be of another server's.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    if [EINTR, ECONNABORTED].contains(errno) { continue }
                    return
                }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                guard let self, self.admit(connection) else {
                    close(connection)
                    return
                }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
        thread.start()
    }

    deinit { stop() }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var host: String { "127.0.0.1:\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var connections: Int { state.withLock { $0.connections } }

    /// Ends the server and all its connections.
    package func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, CInt(SHUT_RDWR))
            for socket in state.sockets { shutdown(socket, CInt(SHUT_RDWR)) }
        }
    }

    private static func listen(_ path: String?) throws -> (CInt, UInt16) {
        if let path {
            let socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
            try bind(socket, &address)
            return (socket, 0)
        }
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        try bind(socket, &address)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(socket, $0, &length) }
        }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    private static func bind<Address>(_ socket: CInt, _ address: inout Address) throws {
        let size = socklen_t(MemoryLayout<Address>.size)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(socket, $0, size) }
        }
        guard socket >= 0, status == 0, Glibc.listen(socket, 64) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    private func admit(_ connection: CInt) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.sockets.insert(connection)
            state.connections += 1
            return true
        }
    }

    private func serve(_ connection: CInt) {
        defer {
            _ = state.withLock { $0.sockets.remove(connection) }
            close(connection)
        }
        var reader = ConnectionReader(connection)
        while var request = reader.head() {
            let limit = bodyLimit(request)
            let isWhole = reader.body(of: &request, limit: limit)
            let number = state.withLock { state in
                state.requests.append(request)
                return state.requests.count
            }
            guard isWhole else { return reset(connection) }
            let script = answer(request, number)
            for step in script.steps {
                guard perform(step, on: connection) else { return }
            }
            if !script.keepsConnection { return }
        }
    }

    /// False when the connection is over.
    private func perform(_ step: Script.Step, on connection: CInt) -> Bool {
        switch step {
        case .send(let bytes): return Self.send(bytes, to: connection)
        case .pause(let duration):
            usleep(UInt32(duration / .microseconds(1)))
            return true
        case .call(let body):
            body()
            return true
        case .sendUntilClosed(let bytes, let most):
            var sent = 0
            while sent < most, Self.send(bytes, to: connection) { sent += bytes.count }
            return sent >= most
        case .waitForClose:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        case .reset:
            reset(connection)
            return false
        }
    }

    private static func send(_ bytes: [UInt8], to connection: CInt) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// Makes the close that follows send a reset.
    private func reset(_ connection: CInt) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
