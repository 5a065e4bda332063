package enum HTTPMethod: String, Hashable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// One request: what is asked of whom, over which kind of connection, and how patiently.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    package var url: HTTPURL
    package var headers: HTTPHeaders
    package var body: HTTPRequestBody
    /// The value of the `Authorization` header. It never leaves `url`'s origin, whatever redirects say.
    package var authorization: Secret?
    package var transport = HTTPTransport()
    package var timeouts = HTTPTimeouts()
    package var redirects = RedirectPolicy.follow(limit: 5)
    package var retry = RetryPolicy.never
    /// Fails instead of connecting to a loopback or link-local address: for URLs that another server named. It says
    /// nothing about where a proxy finds a name.
    package var refusesLocalAddresses = false
    /// Called with the count of body bytes handed to the connection so far, on the transfer thread: it must not block.
    package var onUpload: (@Sendable (Int64) -> Void)?

    package init(
        _ method: HTTPMethod, _ url: HTTPURL, headers: HTTPHeaders = [:], body: HTTPRequestBody = .none,
        authorization: Secret? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.authorization = authorization
    }
}

/// What a request carries.
package enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// `count` bytes of a regular file from `offset` on. The file must not change meanwhile.
    case file(path: String, offset: Int64, count: Int64)
    /// `next` returns the next chunk, nil at the end; it is never called concurrently. With an unknown length the body
    /// is sent in chunks. It cannot be sent twice: neither retried nor redirected.
    case stream(length: Int64?, next: @Sendable () async throws -> [UInt8]?)

    package var isReplayable: Bool {
        if case .stream = self { false } else { true }
    }
}

/// How the connection is made. Requests with equal transports to one origin share connections.
package struct HTTPTransport: Hashable, Sendable {
    /// PEM file of certificate authorities trusted in addition to the system's.
    package var certificateAuthorities: String?
    package var clientCertificate: ClientCertificate?
    /// Accepts any certificate for any host: only by the user's explicit configuration.
    package var acceptsAnyCertificate = false
    /// `http://host:port`; nil leaves it to the client's proxies. The environment's variables are never read here.
    package var proxy: String?
    /// Connects to this Unix socket instead of the URL's host.
    package var unixSocket: String?

    package struct ClientCertificate: Hashable, Sendable {
        /// PEM files.
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package init() {}
}

/// How long a transfer may take. Time in which the reader of the body is the slow one counts only towards `total`.
package struct HTTPTimeouts: Hashable, Sendable {
    /// Name resolution, connection and TLS handshake.
    package var connect: Duration = .seconds(20)
    /// A transfer slower than `minimumRate` bytes per second for this long is given up; whole seconds.
    package var stall: Duration = .seconds(60)
    package var minimumRate = 16
    /// The whole transfer, from the start to the last byte.
    package var total: Duration?

    package init() {}
}

/// What happens to a redirect. A followed one loses its credentials when scheme, host or port change; it never leads
/// from https to http, nor from another machine's server to this machine.
package enum RedirectPolicy: Hashable, Sendable {
    /// The redirect is the response.
    case keep
    /// More than `limit` redirects in a row are an error.
    case follow(limit: Int)
}
