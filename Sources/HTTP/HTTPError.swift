/// Why a request had no usable response. A status such as 404 is a response, not an error.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case invalidURL
        /// A header or method that cannot be sent, a body that cannot be read.
        case invalidRequest
        case cannotResolve
        case cannotConnect
        case timedOut
        /// The handshake failed or the certificate is not valid for the host.
        case tls
        /// The proxy does not lead to the server.
        case proxy
        /// The connection ended before the response did.
        case truncated
        /// The response breaks the protocol or a limit on its headers.
        case invalidResponse
        /// The body is larger than the caller's limit.
        case tooLarge
        /// A redirect that must not be followed, or one too many.
        case redirect
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Whether the same request may succeed a moment later.
    package var isTransient: Bool {
        switch code {
        case .cannotResolve, .cannotConnect, .timedOut, .truncated: true
        case .invalidURL, .invalidRequest, .tls, .proxy, .invalidResponse, .tooLarge, .redirect: false
        }
    }
}
