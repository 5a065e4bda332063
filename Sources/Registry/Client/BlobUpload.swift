import HTTP
import OCI

/// A blob on its way to a registry: one upload session, its content in one request (distribution-spec 1.1, "POST then
/// PUT"). After a failure the registry is asked whether it has the blob by now, then how far the session got; if it
/// cannot say, the transfer starts over.
struct BlobUpload: Sendable {
    /// A registry may take its time between the last byte and its answer, to hash and move the blob.
    private static let patience = Duration.seconds(300)

    var onProgress: (@Sendable (Int64) -> Void)?

    private let descriptor: Descriptor
    private let content: BlobContent
    private let call: RegistryClient.Call
    private let client: RegistryClient

    init(_ descriptor: Descriptor, _ content: BlobContent, _ call: RegistryClient.Call, by client: RegistryClient) {
        self.descriptor = descriptor
        self.content = content
        self.call = call
        self.client = client
    }

    func run() async throws {
        let retry = client.configuration.retry
        let clock = client.http.clock
        var session = client.uploads.take(descriptor.digest, in: call.repository)
        var offset: Int64 = 0
        var attempt = 1
        while true {
            var delay = retry.delay(afterAttempt: attempt, random: clock.random())
            do {
                let location = if let session { session } else { try await begin() }
                session = location
                let response = try await send(to: location, from: offset)
                if response.isSuccess { return }
                let isTransient =
                    RetryPolicy.isTransient(status: response.status) || response.status == 404 || offset > 0
                    || response.status == 401 && attempt == 1 && isStream
                guard attempt < retry.attempts, isTransient else {
                    throw await client.refusal(response, call, of: "blob `\(descriptor.digest)`")
                }
                if let wanted = response.headers["Retry-After"].flatMap({ RetryAfter.delay($0, now: clock.now()) }) {
                    guard wanted <= retry.longestRetryAfter else {
                        throw await client.refusal(response, call, of: "blob `\(descriptor.digest)`")
                    }
                    delay = max(wanted, delay)
                }
                // The session was refused: what it got so far is not to be trusted.
                if response.status < 500 { session = nil }
            } catch let error as RegistryError where error.code == .unavailable && attempt < retry.attempts {}
            try await clock.sleep(delay)
            attempt += 1
            if try await client.contains(descriptor, in: call.repository) { return }
            (session, offset) = await progress(of: session)
        }
    }

    private var isStream: Bool { if case .stream = content { true } else { false } }

    private func begin() async throws -> HTTPURL {
        var request = HTTPRequest(.post, call.endpoint.url(call.repository, "blobs/uploads/"))
        request.retry = client.configuration.retry
        let response = try await client.send(request, call)
        guard response.status == 202 else { throw await client.refusal(response, call, of: "an upload") }
        return try RegistryClient.location(in: response, call)
    }

    private func send(to location: HTTPURL, from offset: Int64) async throws -> HTTPResponse {
        let url = location.adding(query: "digest", descriptor.digest.description)
        var request = HTTPRequest(
            .put, url, headers: ["Content-Type": "application/octet-stream"], body: try await body(from: offset))
        if offset > 0 { request.headers["Content-Range"] = "\(offset)-\(descriptor.size - 1)" }
        if let onProgress { request.onUpload = { onProgress(offset + $0) } }
        return try await client.send(request, call, stall: Self.patience)
    }

    private func body(from offset: Int64) async throws -> HTTPRequestBody {
        switch content {
        case .bytes(let bytes): return .bytes(offset == 0 ? bytes : Array(bytes.dropFirst(Int(offset))))
        case .file(let path): return .file(path: path, offset: offset, count: descriptor.size - offset)
        case .stream(let open):
            let reader = ChunkReader(try await open(offset))
            return .stream(length: descriptor.size - offset) { try await reader.next() }
        }
    }

    /// How far the registry says `session` has got, and where it goes on; nothing if that does not help.
    private func progress(of session: HTTPURL?) async -> (HTTPURL?, Int64) {
        guard let session, let response = try? await client.send(HTTPRequest(.get, session), call),
            response.status == 204,
            let range = response.headers["Range"], let location = try? RegistryClient.location(in: response, call)
        else { return (nil, 0) }
        let text = range.hasPrefix("bytes=") ? range.dropFirst("bytes=".count) : Substring(range)
        let ends = text.split(separator: "-").compactMap { Int64($0) }
        guard ends.count == 2, ends[0] == 0, (0..<descriptor.size - 1).contains(ends[1]) else { return (nil, 0) }
        // `0-0` is what registries say of one byte and of none.
        return ends[1] == 0 ? (nil, 0) : (location, ends[1] + 1)
    }
}

/// A stream's iterator where a closure can use it.
private actor ChunkReader {
    private var iterator: BlobStream.AsyncIterator?

    init(_ stream: BlobStream) { iterator = stream.makeAsyncIterator() }

    func next() async throws -> [UInt8]? {
        guard var chunks = iterator else { return nil }
        return try await chunks.next()
    }
}
