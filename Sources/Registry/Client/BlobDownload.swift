import HTTP
import OCI

/// A blob on its way here: exactly the bytes from an offset to the descriptor's size, over as many connections as it
/// takes. Their digest is the reader's business.
actor BlobDownload {
    /// Connections in a row that brought nothing.
    private static let mostFailures = 4
    /// Connections altogether that broke off before bringing `fairShare` bytes.
    private static let mostMeagre = 32
    private static let fairShare: Int64 = 1 << 20

    private let descriptor: Descriptor
    private let call: RegistryClient.Call
    private let client: RegistryClient
    private var position: Int64
    private var failures = 0
    private var meagre = 0
    private var start: Int64
    private var body: HTTPBody.AsyncIterator?
    /// Bytes to drop from a server that starts at 0 whatever it is asked.
    private var surplus: Int64 = 0
    private var asksForRange = true

    init(_ descriptor: Descriptor, _ call: RegistryClient.Call, from offset: Int64, by client: RegistryClient) {
        self.descriptor = descriptor
        self.call = call
        self.client = client
        position = offset
        start = offset
    }

    func open() async throws {
        start = position
        var request = HTTPRequest(.get, call.endpoint.url(call.repository, "blobs/\(descriptor.digest)"))
        request.retry = client.configuration.retry
        let wantsRange = position > 0 && asksForRange
        if wantsRange { request.headers["Range"] = "bytes=\(position)-" }
        let response = try await client.send(request, call)
        switch response.status {
        case 200:
            if let length = response.contentLength, length != descriptor.size { throw mismatch(length) }
            surplus = position
        case 206 where wantsRange && isExpected(response.headers["Content-Range"]):
            surplus = 0
        case 206 where wantsRange, 416 where wantsRange:
            asksForRange = false
            return try await open()
        default:
            throw await client.refusal(response, call, of: "blob `\(descriptor.digest)`")
        }
        body = response.body.makeAsyncIterator()
    }

    func next() async throws -> [UInt8]? {
        while true {
            guard var chunks = body else { return nil }
            do {
                guard let chunk = try await chunks.next() else {
                    if position == descriptor.size {
                        body = nil
                        return nil
                    }
                    throw HTTPError(.truncated, "connection ended after \(position) of \(descriptor.size) bytes")
                }
                if let wanted = try accept(chunk) { return wanted }
            } catch let error as HTTPError where error.isTransient {
                body = nil
                try await resume(after: error)
            }
        }
    }

    /// The part of `chunk` that is new; nil if there is none.
    private func accept(_ chunk: [UInt8]) throws -> [UInt8]? {
        var chunk = chunk
        if surplus > 0 {
            let dropped = min(surplus, Int64(chunk.count))
            surplus -= dropped
            if dropped == chunk.count { return nil }
            chunk.removeFirst(Int(dropped))
        }
        position += Int64(chunk.count)
        failures = 0
        guard position <= descriptor.size else {
            body = nil
            throw mismatch(nil)
        }
        return chunk
    }

    private func resume(after error: HTTPError) async throws {
        failures += 1
        if position - start < Self.fairShare { meagre += 1 }
        guard failures < Self.mostFailures, meagre < Self.mostMeagre else {
            throw RegistryError(error, call)
        }
        let clock = client.http.clock
        try await clock.sleep(client.configuration.retry.delay(afterAttempt: failures, random: clock.random()))
        try await open()
    }

    /// Whether a partial answer, `bytes first-last/size`, continues where this download stands.
    private func isExpected(_ range: String?) -> Bool {
        guard let range, range.lowercased().hasPrefix("bytes ") else { return false }
        let parts = range.dropFirst("bytes ".count).split(separator: "/")
        guard parts.count == 2, parts[1] == "*" || Int64(parts[1]) == descriptor.size else { return false }
        let ends = parts[0].split(separator: "-").compactMap { Int64($0) }
        return ends.count == 2 && ends[0] == position && ends[1] == descriptor.size - 1
    }

    private func mismatch(_ size: Int64?) -> OCIError {
        OCIError(
            .contentMismatch,
            "blob `\(descriptor.digest)` of `\(call.repository)` has "
                + "\(size.map { "\($0)" } ?? "more than \(descriptor.size)") bytes, "
                + "expected \(descriptor.size)")
    }
}
