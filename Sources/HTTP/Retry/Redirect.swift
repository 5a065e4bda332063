extension HTTPRequest {
    /// The request that `response` asks for instead of this one; nil if it is no redirect that can be followed with
    /// the same meaning. Throws for one that must not be followed.
    func redirected(by response: HTTPResponse) throws(HTTPError) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.headers["Location"] else {
            return nil
        }
        var next = self
        switch response.status {
        case 303 where method != .head:
            next.method = .get
            next.body = .none
        case 301, 302, 303:
            guard method == .get || method == .head else { return nil }
        default:
            guard body.isReplayable else { return nil }
        }
        next.url = try url.resolving(location)
        guard !(url.scheme == .https && next.url.scheme == .http) else {
            throw HTTPError(.redirect, "`\(url.origin)` redirects from https to `\(next.url.origin)`")
        }
        if next.url.origin != url.origin {
            next.authorization = nil
            for name in ["Authorization", "Cookie", "Proxy-Authorization"] { next.headers[name] = nil }
            if transport.proxy == nil, transport.unixSocket == nil, !response.isLocal {
                next.refusesLocalAddresses = true
            }
        }
        if next.url.host != url.host {
            next.transport.clientCertificate = nil
            next.transport.acceptsAnyCertificate = false
            next.transport.unixSocket = nil
        }
        return next
    }
}
