import Build
import HTTP
import OCI
import Storage

/// Files by http and https, kept in the store by their digest. A server is asked again each time, and sends a file
/// again only if it is another one now; with a checksum that is here nobody is asked.
struct Downloads: Sendable {
    /// A file that is in the store.
    struct File: Hashable, Sendable {
        let digest: Digest
        let size: Int64
        /// When the server says it was made, in seconds since 1970.
        var modified: Int64?
    }

    let client: HTTPClient
    let store: Store
    let credentials: ServerCredentials
    let refusesLocalAddresses: Bool
    let limit: Int64
    private(set) var report: EventSink

    private static let attempts = 3

    func reporting(to report: @escaping EventSink) -> Downloads {
        var downloads = self
        downloads.report = report
        return downloads
    }

    func file(at url: HTTPURL, expecting checksum: Digest? = nil) async throws -> File {
        if let checksum, try store.blobs.claim(checksum), let size = try store.blobs.size(of: checksum) {
            return File(digest: checksum, size: size)
        }
        do {
            // What has no answer was tried again already.
            var number = 1
            while true {
                do { return try await attempt(url, checksum) } catch let error as BrokenBody {
                    guard error.cause.isTransient, number < Self.attempts else { throw error.cause }
                    number += 1
                }
            }
        } catch let error as HTTPError {
            let isInfrastructure = ![.invalidURL, .tooLarge, .redirect].contains(error.code)
            throw RemoteSourceError("cannot fetch `\(url)`: \(error.message)", isInfrastructure: isInfrastructure)
        } catch let error as StorageError where error.code == .contentMismatch || error.code == .limit {
            let expected = checksum.map { ", not `\($0)`" } ?? ""
            throw RemoteSourceError("`\(url)` is not what was asked for: \(error.message)\(expected)")
        }
    }

    private func attempt(_ url: HTTPURL, _ checksum: Digest?) async throws -> File {
        let known = try known(url)
        var request = HTTPRequest(.get, url)
        request.headers["Accept-Encoding"] = "identity"
        request.redirects = .follow(limit: 10)
        request.retry = .standard
        request.authorization = credentials.authorization(for: url)
        request.refusesLocalAddresses = refusesLocalAddresses
        if let known {
            if let tag = known.tag { request.headers["If-None-Match"] = tag }
            if let time = known.time { request.headers["If-Modified-Since"] = time }
        }
        let response = try await client.send(request)
        if response.status == 304, let known { return known.file }
        try check(response, of: url)
        let progress = TransferProgress(.pull, name: "\(url)", total: response.contentLength) { report(.transfer($0)) }
        let body = response.body.makeAsyncIterator()
        let stream = BlobStream {
            var body = body
            do { return try await body.next() } catch let error as HTTPError { throw BrokenBody(cause: error) }
        }
        let kept = try await store.blobs.keep(progress.counting(stream), limit: limit, expecting: checksum)
        progress.finish()
        let record = Known(kept, response.headers)
        try store.records.put(record.json.canonicalBytes, for: key(of: url))
        return record.file
    }

    /// The answer began and did not come to its end.
    private struct BrokenBody: Error {
        let cause: HTTPError
    }

    private func check(_ response: HTTPResponse, of url: HTTPURL) throws {
        switch response.status {
        case 200:
            if let length = response.contentLength, length > limit {
                throw RemoteSourceError("`\(url)` has \(length) bytes, more than the limit of \(limit)")
            }
        case 401, 403:
            throw RemoteSourceError(
                "cannot fetch `\(url)`: the server refuses it with status \(response.status)",
                hint: "if it wants a token, give it with --secret id=HTTP_AUTH_TOKEN_\(url.host),src=FILE")
        case 404, 410:
            throw RemoteSourceError("cannot fetch `\(url)`: the server does not have it (status \(response.status))")
        default:
            throw RemoteSourceError(
                "cannot fetch `\(url)`: the server answers with status \(response.status)",
                isInfrastructure: RetryPolicy.isTransient(status: response.status))
        }
    }

    // MARK: What is known

    /// What a server said of a file that is here.
    private struct Known {
        let file: File
        /// A validator that stands for exactly these bytes (RFC 9110 §8.8.1).
        let tag: String?
        let time: String?

        init(_ kept: BlobStore.Kept, _ headers: HTTPHeaders) {
            let time = headers["Last-Modified"]
            file = File(digest: kept.digest, size: kept.size, modified: time.flatMap(HTTPDate.seconds))
            tag = headers["ETag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
            // One that was made in the second in which it was sent may change within that second.
            self.time = time == headers["Date"] ? nil : time
        }

        init?(_ json: JSON) {
            guard let digest = json["digest"]?.stringValue.flatMap({ try? Digest(parsing: $0) }),
                let size = json["size"]?.integerValue
            else { return nil }
            file = File(digest: digest, size: size, modified: json["modified"]?.integerValue)
            tag = json["tag"]?.stringValue
            time = json["time"]?.stringValue
        }

        var json: JSON {
            [
                "digest": .string(file.digest.description), "size": .integer(file.size),
                "modified": file.modified.map(JSON.integer), "tag": tag.map(JSON.string),
                "time": time.map(JSON.string),
            ]
        }
    }

    private func key(of url: HTTPURL) -> Digest { .of(Array("download \(url.absoluteString)".utf8)) }

    private func known(_ url: HTTPURL) throws -> Known? {
        guard let bytes = try store.records.get(key(of: url)), let json = try? JSON(parsing: bytes),
            let known = Known(json), known.tag != nil || known.time != nil, try store.blobs.claim(known.file.digest)
        else { return nil }
        return known
    }
}
