import HTTP

/// git's protocol over HTTP (gitprotocol-http(5)), one request at a time.
struct SmartHTTP {
    let client: HTTPClient
    let url: GitURL
    let credentials: GitCredentials?
    let trust: GitTrust
    /// Of each request, from the start to the last byte.
    let timeout: Duration
    let refusesLocalAddresses: Bool

    static let requestType = "application/x-git-upload-pack-request"
    static let maximumGreeting = 256 << 20

    /// Asks who is there; a server of protocol 2 answers shortly, others with all refs.
    func greet(prefixes: [String]) async throws -> ServerGreeting.Content {
        let target = try endpoint("info/refs").adding(query: "service", "git-upload-pack")
        let response = try await send(HTTPRequest(.get, target))
        let type = response.headers["Content-Type"] ?? ""
        guard type.hasPrefix("application/x-git-upload-pack-advertisement") else {
            throw GitError(
                .protocolViolation,
                "\(url) is not a git repository of the smart protocol: it answers `\(printable(type))`")
        }
        var greeting = ServerGreeting(prefixes: prefixes)
        var size = 0
        try await read(response) { chunk in
            size += chunk.count
            guard size <= SmartHTTP.maximumGreeting else {
                throw GitError(.limitExceeded, "\(url) answers with more than \(SmartHTTP.maximumGreeting) bytes")
            }
            try greeting.append(chunk)
        }
        return try greeting.finish()
    }

    func listRefs(prefixes: [String]) async throws -> RefAdvertisement {
        var body: [UInt8] = []
        PktLine.append("command=ls-refs\n", to: &body)
        PktLine.append("agent=caisson\n", to: &body)
        body += PktLine.delimiterBytes
        PktLine.append("peel\n", to: &body)
        PktLine.append("symrefs\n", to: &body)
        for prefix in prefixes { PktLine.append("ref-prefix \(prefix)\n", to: &body) }
        body += PktLine.flushBytes
        let response = try await command(body)
        var advertisement = RefAdvertisement(prefixes: prefixes)
        var reader = PktLineReader()
        var isComplete = false
        var size = 0
        try await read(response) { chunk in
            size += chunk.count
            guard size <= SmartHTTP.maximumGreeting else {
                throw GitError(.limitExceeded, "\(url) answers with more than \(SmartHTTP.maximumGreeting) bytes")
            }
            reader.append(chunk)
            while let line = try reader.next() {
                switch line {
                case .data(let payload): try advertisement.record(lsRefsLine: try refusingErrors(payload.line))
                case .flush, .responseEnd: isComplete = true
                case .delimiter: throw GitError(.protocolViolation, "\(url) lists refs with an unexpected delimiter")
                }
            }
        }
        guard isComplete else { throw GitError(.protocolViolation, "\(url) ended its list of refs too early") }
        return advertisement
    }

    /// Sends one protocol 2 command.
    func command(_ body: [UInt8]) async throws -> HTTPResponse {
        var request = HTTPRequest(.post, try endpoint("git-upload-pack"), body: .bytes(body))
        request.headers.add("Content-Type", SmartHTTP.requestType)
        request.headers.add("Accept", "application/x-git-upload-pack-result")
        return try await send(request)
    }

    /// Hands the body to `consume` chunk by chunk.
    func read(_ response: HTTPResponse, _ consume: ([UInt8]) throws -> Void) async throws {
        do {
            for try await chunk in response.body { try consume(chunk) }
        } catch let error as HTTPError {
            throw explain(error)
        }
    }

    /// `line`, unless it is the server's word for an error.
    func refusingErrors(_ line: ArraySlice<UInt8>) throws(GitError) -> ArraySlice<UInt8> {
        guard line.starts(with: "ERR ".utf8) else { return line }
        let text = printable(line.dropFirst(4).text)
        let isMissing = text.contains("not our ref") || text.contains("unknown object")
        throw GitError(isMissing ? .notFound : .protocolViolation, "\(url) refuses: \(text)")
    }

    private func endpoint(_ name: String) throws(GitError) -> HTTPURL {
        do throws(HTTPError) {
            return try HTTPURL(parsing: "\(url.transportText)/\(name)")
        } catch {
            throw GitError(.invalidURL, error.message)
        }
    }

    private func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        request.headers.add("Git-Protocol", "version=2")
        request.redirects = .keep
        request.refusesLocalAddresses = refusesLocalAddresses
        request.transport.certificateAuthorities = trust.certificateAuthorities
        request.timeouts.total = timeout
        switch credentials {
        case .password(let user, let password):
            let pair = Base64.encode("\(user):\(password.revealed())".utf8, padded: true)
            request.authorization = Secret("Basic \(pair)")
        case .header(let value): request.authorization = value
        case .privateKey, .sshAgent, nil: break
        }
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch let error as HTTPError {
            throw explain(error)
        }
        try check(response)
        return response
    }

    private func check(_ response: HTTPResponse) throws(GitError) {
        switch response.status {
        case 200: return
        case 300..<400:
            throw GitError(
                .protocolViolation,
                "\(url) redirects (\(response.status)); repositories are not followed elsewhere: configure the final URL"
            )
        case 401 where credentials == nil:
            throw GitError(.unauthorized, "\(url) wants credentials and none are configured")
        case 401, 403:
            let named = credentials.map { " (\($0))" } ?? ""
            throw GitError(.unauthorized, "\(url) refuses the credentials\(named): status \(response.status)")
        case 404, 410: throw GitError(.repositoryNotFound, "\(url) does not exist, or is not shown to us")
        case 429, 503: throw GitError(.rateLimited, "\(url) asks to come back later: status \(response.status)")
        case 500...: throw GitError(.unreachable, "\(url) fails: status \(response.status)")
        default: throw GitError(.protocolViolation, "\(url) answers with status \(response.status)")
        }
    }

    private func explain(_ error: HTTPError) -> GitError {
        let code: GitError.Code =
            switch error.code {
            case .timedOut: .timeout
            case .tls: .untrustedServer
            case .cannotResolve, .cannotConnect, .proxy, .truncated: .unreachable
            case .tooLarge: .limitExceeded
            case .invalidURL: .invalidURL
            case .invalidRequest, .invalidResponse, .redirect: .protocolViolation
            }
        return GitError(code, "cannot reach \(url): \(error.message)")
    }
}
