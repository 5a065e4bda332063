/// The head of a response, with its body still to be read.
package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    /// Whose answer this is, after redirects.
    package let url: HTTPURL
    /// The answer came from a loopback or link-local address.
    package let isLocal: Bool
    package let body: HTTPBody

    package var isSuccess: Bool { (200..<300).contains(status) }

    package var contentLength: Int64? { headers["Content-Length"].flatMap { Int64($0) } }
}
