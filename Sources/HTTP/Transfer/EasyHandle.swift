internal import CCurl
import SystemPackage

/// A libcurl easy handle set up for one transfer; used on the transfer thread only.
final class EasyHandle {
    let transfer: HTTPTransfer
    let curl: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private static let globalStatus = caisson_curl_global_init()

    /// libcurl's own set-up, once per process and only when HTTP is used.
    static func initialise() { precondition(globalStatus == CURLE_OK, "libcurl cannot be initialised") }

    init(_ transfer: HTTPTransfer) throws {
        guard let curl = curl_easy_init() else {
            throw HTTPError(.invalidRequest, "libcurl cannot be initialised")
        }
        self.curl = curl
        self.transfer = transfer
        errorText[0] = 0
        try configure()
    }

    deinit {
        curl_easy_cleanup(curl)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// The address of the server that answered.
    var peer: String? { caisson_curl_get_string(curl, CURLINFO_PRIMARY_IP).map { String(cString: $0) } }

    func resume() { _ = caisson_curl_resume(curl) }

    // MARK: Options

    private func set(_ option: CURLoption, _ value: Int) throws {
        try check(option, caisson_curl_set_long(curl, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws {
        try check(option, caisson_curl_set_string(curl, option, value))
    }

    private func check(_ option: CURLoption, _ status: CURLcode) throws {
        guard status == CURLE_OK else {
            throw HTTPError(
                .invalidRequest,
                "libcurl refuses option \(option.rawValue): \(String(cString: curl_easy_strerror(status)))")
        }
    }

    private func configure() throws {
        let request = transfer.request
        let callbacks = caisson_curl_callbacks(
            on_header: receiveHeader, on_body: receiveBody, fill_upload: fillUpload, rewind_upload: rewindUpload,
            open_socket: openSocket)
        // SAFETY: the transfer lives as long as this handle, and the callbacks run only while the handle lives.
        try check(
            CURLOPT_PRIVATE, caisson_curl_set_callbacks(curl, callbacks, Unmanaged.passUnretained(transfer).toOpaque()))
        try check(CURLOPT_ERRORBUFFER, caisson_curl_set_error_buffer(curl, errorText))
        try set(CURLOPT_URL, request.url.absoluteString)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        try set(CURLOPT_BUFFERSIZE, 256 << 10)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try configureMethod(request)
        try configureTransport(request.transport)
        try configureTimeouts(request.timeouts)
        try configureHeaders(request)
    }

    private func configureMethod(_ request: HTTPRequest) throws {
        let upload = transfer.uploadShape
        switch (request.method, upload.hasBody) {
        case (.get, false): try set(CURLOPT_HTTPGET, 1)
        case (.head, _): try set(CURLOPT_NOBODY, 1)
        case (.delete, false): try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case (_, false):
            // An empty body, said by Content-Length: 0, which servers demand of these methods.
            try set(CURLOPT_POSTFIELDSIZE, 0)
            try check(CURLOPT_POSTFIELDS, caisson_curl_set_string(curl, CURLOPT_POSTFIELDS, nil))
            try set(CURLOPT_POST, 1)
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case (_, true):
            try set(CURLOPT_UPLOAD, 1)
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
            if let length = upload.length {
                try check(
                    CURLOPT_INFILESIZE_LARGE,
                    caisson_curl_set_offset(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(length)))
            }
        }
    }

    private func configureTransport(_ transport: HTTPTransport) throws {
        // An empty string, unlike nil, also keeps libcurl from reading the environment.
        try set(CURLOPT_PROXY, transport.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        if let socket = transport.unixSocket { try set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if transport.acceptsAnyCertificate {
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let file = transport.certificateAuthorities { try set(CURLOPT_CAINFO, file) }
        if let client = transport.clientCertificate {
            try set(CURLOPT_SSLCERT, client.certificate)
            try set(CURLOPT_SSLKEY, client.key)
        }
    }

    private func configureTimeouts(_ timeouts: HTTPTimeouts) throws {
        try set(CURLOPT_CONNECTTIMEOUT_MS, timeouts.connect.milliseconds)
        try set(CURLOPT_LOW_SPEED_LIMIT, timeouts.minimumRate)
        try set(CURLOPT_LOW_SPEED_TIME, max(1, Int(timeouts.stall.components.seconds)))
        if let total = timeouts.total { try set(CURLOPT_TIMEOUT_MS, total.milliseconds) }
    }

    private func configureHeaders(_ request: HTTPRequest) throws {
        var fields = request.headers.fields.map { ($0.name, $0.value) }
        if let authorization = request.authorization { fields.append(("Authorization", authorization.revealed())) }
        // libcurl adds these two itself: one that nobody asked for, one that costs a second with some servers.
        if request.headers["Accept"] == nil { try append("Accept:") }
        try append("Expect:")
        for (name, value) in fields {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 })
            else { throw HTTPError(.invalidRequest, "header `\(name)` cannot be sent: it holds a control character") }
            try append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        try check(CURLOPT_HTTPHEADER, caisson_curl_set_headers(curl, headers))
    }

    private func append(_ line: String) throws {
        guard let list = curl_slist_append(headers, line) else { throw HTTPError(.invalidRequest, "out of memory") }
        headers = list
    }

    // MARK: The outcome

    /// nil for a transfer that ended as it should.
    func error(for code: CURLcode) -> HTTPError? {
        if code == CURLE_OK { return nil }
        let origin = transfer.request.url.origin
        let url = transfer.request.url
        let reason = String(cString: curl_easy_strerror(code)).lowercased()
        if let error = proxyError(for: code, reason) { return error }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return HTTPError(.cannotResolve, "cannot resolve the host name of `\(origin)`")
        case CURLE_COULDNT_CONNECT:
            let number = CInt(caisson_curl_get_long(curl, CURLINFO_OS_ERRNO))
            let cause = number == 0 ? reason : "\(Errno(rawValue: number))".lowercased()
            return HTTPError(.cannotConnect, "cannot connect to `\(origin)`: \(cause)")
        case CURLE_OPERATION_TIMEDOUT:
            return HTTPError(.timedOut, "request to `\(url)` timed out")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED:
            let detail = errorText[0] == 0 ? reason : String(cString: errorText)
            return HTTPError(.tls, "cannot establish TLS with `\(origin)`: \(detail)")
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM,
            CURLE_SEND_FAIL_REWIND:
            return HTTPError(.truncated, "connection to `\(url)` broke off: \(reason)")
        case CURLE_URL_MALFORMAT:
            return HTTPError(.invalidURL, "`\(url)` cannot be requested: \(reason)")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return HTTPError(.invalidResponse, "`\(origin)` does not speak HTTP")
        default:
            return HTTPError(.invalidResponse, "request to `\(url)` failed: \(reason)")
        }
    }

    /// What went wrong between here and the proxy; nil if it may be behind that.
    private func proxyError(for code: CURLcode, _ reason: String) -> HTTPError? {
        guard let proxy = transfer.request.transport.proxy else { return nil }
        let name = HTTPURL.redact(proxy)
        let origin = transfer.request.url.origin
        switch code {
        case CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPError(.cannotResolve, "cannot resolve the host name of the proxy `\(name)` for `\(origin)`")
        case CURLE_COULDNT_CONNECT, CURLE_PROXY:
            return HTTPError(.cannotConnect, "cannot connect to `\(origin)` through the proxy `\(name)`: \(reason)")
        default:
            let status = caisson_curl_get_long(curl, CURLINFO_HTTP_CONNECTCODE)
            guard status >= 300 else { return nil }
            let cause = status == 407 ? "it wants credentials" : "status \(status)"
            return HTTPError(.proxy, "the proxy `\(name)` does not lead to `\(origin)`: \(cause)")
        }
    }
}

extension Duration {
    /// At least 1: libcurl takes 0 for no limit.
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(clamping: min(seconds, 1 << 40) * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
