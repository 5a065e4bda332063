import Glibc

/// Reads requests from a connection, no matter how they are cut into packets.
struct ConnectionReader {
    private let connection: CInt
    private var buffer: [UInt8] = []
    private var position = 0

    init(_ connection: CInt) { self.connection = connection }

    /// nil when the client is gone.
    mutating func head() -> ScriptedServer.Request? {
        guard let first = line(), !first.isEmpty else { return nil }
        let words = first.split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [(name: String, value: String)] = []
        while let line = line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers.append((String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        return ScriptedServer.Request(method: String(words[0]), target: String(words[1]), headers: headers)
    }

    /// Reads the request's body, at most `limit` bytes; false if it does not get all of it.
    mutating func body(of request: inout ScriptedServer.Request, limit: Int?) -> Bool {
        if request.header("Transfer-Encoding") == "chunked" {
            while let size = line().flatMap({ Int($0, radix: 16) }) {
                guard let chunk = take(size), line() != nil else { return false }
                request.body += chunk
                if size == 0 { return true }
            }
            return false
        }
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        let wanted = min(length, limit ?? length)
        guard let bytes = take(wanted) else { return false }
        request.body = bytes
        return limit.map { length <= $0 } ?? true
    }

    private mutating func line() -> String? {
        var bytes: [UInt8] = []
        while let byte = next() {
            if byte == UInt8(ascii: "\n") {
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(byte)
        }
        return nil
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard position < buffer.count || fill() else { return nil }
            let step = min(count - bytes.count, buffer.count - position)
            bytes += buffer[position..<position + step]
            position += step
        }
        return bytes
    }

    private mutating func next() -> UInt8? {
        guard position < buffer.count || fill() else { return nil }
        defer { position += 1 }
        return buffer[position]
    }

    private mutating func fill() -> Bool {
        buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(connection, &buffer, buffer.count, 0)
        buffer.removeLast(buffer.count - max(0, count))
        position = 0
        return count > 0
    }
}
