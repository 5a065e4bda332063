import Foundation
import Linux
import Synchronization
package import SystemPackage

/// A small HTTP server on 127.0.0.1 in front of `git http-backend`, with the bad habits that a test asks for.
package final class GitHTTPServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        package var path = ""
        package var query = ""
        package var headers: [String: String] = [:]
        package var body: [UInt8] = []
    }

    package enum Answer: Sendable {
        /// What git says.
        case backend
        /// What git says, and nothing after so many bytes of it.
        case stalled(after: Int)
        case raw(status: String, headers: [String: String], body: [UInt8])
    }

    package let port: UInt16
    private let listener: CInt
    private let root: FilePath
    private let answer: @Sendable (Request) -> Answer
    private let log = Mutex<[(request: Request, bytes: Int)]>([])
    private let connections = Mutex<Set<CInt>>([])

    /// Serves the repositories below `root`; `ignoresProtocol` makes git speak protocol 0.
    package init(
        _ root: FilePath, ignoresProtocol: Bool = false,
        answer: @escaping @Sendable (Request) -> Answer = { _ in .backend }
    ) throws {
        self.root = root
        self.answer = answer
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard status else { throw SystemError("listen") }
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                self?.serve(connection, ignoresProtocol: ignoresProtocol)
            }
        }
        thread.start()
    }

    deinit { stop() }

    package func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        connections.withLock { for connection in $0 { shutdown(connection, CInt(SHUT_RDWR)) } }
    }

    package var url: String { "http://127.0.0.1:\(port)/repository.git" }
    package var requests: [Request] { log.withLock { $0.map(\.request) } }
    /// Bytes of the bodies of all answers so far.
    package var bytesSent: Int { log.withLock { $0.reduce(0) { $0 + $1.bytes } } }

    /// On a thread of its own, since it blocks.
    private func serve(_ connection: CInt, ignoresProtocol: Bool) {
        _ = connections.withLock { $0.insert(connection) }
        Thread {
            if let request = GitHTTPServer.read(connection) { self.reply(to: request, on: connection, ignoresProtocol) }
            _ = self.connections.withLock { $0.remove(connection) }
            close(connection)
        }.start()
    }

    private func reply(to request: Request, on connection: CInt, _ ignoresProtocol: Bool) {
        var limit = Int.max
        let head: String
        let body: [UInt8]
        switch answer(request) {
        case .raw(let status, let headers, let content):
            head = "HTTP/1.1 \(status)\r\n" + headers.map { "\($0): \($1)\r\n" }.joined()
            body = content
        case .stalled(let after):
            limit = after
            (head, body) = waitForBackend(request, ignoresProtocol)
        case .backend:
            (head, body) = waitForBackend(request, ignoresProtocol)
        }
        log.withLock { $0.append((request, body.count)) }
        let text = head + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        GitHTTPServer.write(Array(text.utf8) + body.prefix(limit), to: connection)
        if limit < body.count {
            var byte: UInt8 = 0
            // Until the client has enough or the server is stopped.
            while recv(connection, &byte, 1, 0) > 0 {}
        }
    }

    private func waitForBackend(_ request: Request, _ ignoresProtocol: Bool) -> (String, [UInt8]) {
        let result = Box()
        let done = DispatchSemaphore(value: 0)
        Task {
            let answer = await backend(request, ignoresProtocol)
            result.answer.withLock { $0 = answer }
            done.signal()
        }
        done.wait()
        return result.answer.withLock { $0 }
    }

    private func backend(_ request: Request, _ ignoresProtocol: Bool) async -> (String, [UInt8]) {
        var environment = Self.environment(home: root)
        environment += [
            "GIT_PROJECT_ROOT=\(root)", "GIT_HTTP_EXPORT_ALL=1", "PATH_INFO=\(request.path)",
            "QUERY_STRING=\(request.query)", "REQUEST_METHOD=\(request.method)", "REMOTE_USER=pusher",
            "CONTENT_TYPE=\(request.headers["content-type"] ?? "")", "CONTENT_LENGTH=\(request.body.count)",
        ]
        if !ignoresProtocol, let version = request.headers["git-protocol"] {
            environment.append("GIT_PROTOCOL=\(version)")
        }
        var command = Command("/usr/bin/git", ["http-backend"], environment: environment)
        command.input = .bytes(request.body)
        command.output = .capture(limit: 256 << 20)
        command.deadline = .seconds(60)
        guard let output = try? await command.run().output, let end = output.firstRange(of: Array("\r\n\r\n".utf8))
        else {
            return ("HTTP/1.1 500 Failed\r\n", [])
        }
        var status = "200 OK"
        var fields = ""
        for line in String(decoding: output[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n") {
            if line.hasPrefix("Status: ") { status = String(line.dropFirst(8)) } else { fields += line + "\r\n" }
        }
        return ("HTTP/1.1 \(status)\r\n\(fields)", Array(output[end.upperBound...]))
    }

    /// Nobody's configuration; fixed names and times.
    package static func environment(home: FilePath) -> [String] {
        Command.plainEnvironment + [
            "HOME=\(home)", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
            // Nothing here has to survive a power cut.
            "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.fsync", "GIT_CONFIG_VALUE_0=none",
            "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=1700000000 +0100",
            "GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.org", "GIT_COMMITTER_DATE=1700000100 +0000",
        ]
    }

    private final class Box: Sendable {
        let answer = Mutex<(String, [UInt8])>(("", []))
    }

    private static func read(_ connection: CInt) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        func receive() -> Bool {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 0 { bytes += buffer[..<count] }
            return count > 0
        }
        let separator = Array("\r\n\r\n".utf8)
        var end = bytes.firstRange(of: separator)
        while end == nil {
            guard receive() else { return nil }
            end = bytes.firstRange(of: separator)
        }
        guard let end else { return nil }
        var request = Request()
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        request.method = String(words[0])
        let target = words[1].split(separator: "?", maxSplits: 1)
        request.path = String(target[0])
        request.query = target.count > 1 ? String(target[1]) : ""
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        if request.headers["transfer-encoding"] == "chunked" {
            let last = Array("0\r\n\r\n".utf8)
            while !bytes[end.upperBound...].suffix(5).elementsEqual(last) { guard receive() else { return nil } }
            request.body = unchunked(bytes[end.upperBound...])
        } else {
            let count = Int(request.headers["content-length"] ?? "0") ?? 0
            while bytes.count < end.upperBound + count { guard receive() else { return nil } }
            request.body = Array(bytes[end.upperBound...].prefix(count))
        }
        return request
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0
        {
            body += rest[(end + 2)...].prefix(size)
            rest = rest[(end + 2)...].dropFirst(size + 2)
        }
        return body
    }

    private static func write(_ bytes: [UInt8], to connection: CInt) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }
}
